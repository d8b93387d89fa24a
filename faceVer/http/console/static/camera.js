// The camera in a dialog: one photo, or some seconds of video without sound.

import { button, h, iconButton } from "./dom.js";

const LENGTHS = [3, 5, 8];
const FORMATS = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];

const REASONS = {
  NotAllowedError:
    "The browser was not allowed to use the camera. Allow it for this page, in the address bar or the browser’s settings, and try again.",
  NotFoundError: "No camera was found on this device.",
  NotReadableError: "The camera is in use by another program.",
};

/** Ask for a photo (or, with `video`, a photo or a recording); a File, or null where the dialog was closed. */
export function fromCamera({ video = false } = {}) {
  return new Promise((resolve) => {
    const view = h("video", { autoplay: true, muted: true, playsinline: true, "aria-label": "What the camera sees" });
    view.muted = true;
    const words = h("p", { class: "state", role: "status" }, "Asking for the camera …");
    const length = h(
      "select",
      { "aria-label": "Length of the recording" },
      LENGTHS.map((one) => h("option", { value: one }, `${one} seconds`)),
    );
    const shoot = button("camera", "Take photo", () => take(view).then(close), { class: "primary", disabled: true });
    const record = button("film", "Record", () => start(), { disabled: true });
    const shut = iconButton("cross", "Close the camera", () => close(null));
    const dialog = h(
      "dialog",
      { class: "camera", "aria-labelledby": "camera-title" },
      h(
        "header",
        {},
        h("h2", { id: "camera-title" }, "Camera"),
        shut,
      ),
      h("div", { class: "viewfinder" }, view),
      words,
      h("p", { class: "row" }, shoot, video ? record : null, video ? length : null),
    );
    let stream = null;
    let recorder = null;

    function close(file) {
      if (recorder?.state === "recording") recorder.stop();
      stream?.getTracks().forEach((track) => track.stop());
      dialog.close();
      dialog.remove();
      resolve(file);
    }

    function start() {
      const seconds = Number(length.value);
      const pieces = [];
      const format = FORMATS.find((one) => MediaRecorder.isTypeSupported(one));
      recorder = new MediaRecorder(stream, format ? { mimeType: format } : undefined);
      recorder.ondataavailable = (event) => pieces.push(event.data);
      recorder.onstop = () => {
        if (!dialog.open) return;
        const type = (recorder.mimeType || "video/webm").split(";")[0];
        close(new File(pieces, `recording.${type.endsWith("mp4") ? "mp4" : "webm"}`, { type }));
      };
      shut.focus();
      [shoot, record, length].forEach((one) => (one.disabled = true));
      dialog.classList.add("recording");
      let left = seconds;
      const tell = () => (words.textContent = `Recording: ${left} s left. Look at the camera.`);
      tell();
      recorder.start();
      const timer = setInterval(() => {
        left -= 1;
        if (left > 0 && dialog.open) return tell();
        clearInterval(timer);
        if (recorder.state === "recording") recorder.stop();
      }, 1000);
    }

    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      close(null);
    });
    document.body.append(dialog);
    dialog.showModal();

    if (!navigator.mediaDevices?.getUserMedia) {
      words.textContent =
        "Browsers give a page the camera only over https, or on localhost. Open this page that way, or choose a file instead.";
      return;
    }
    navigator.mediaDevices
      .getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false })
      .then((given) => {
        if (!dialog.open) return given.getTracks().forEach((track) => track.stop());
        stream = given;
        view.srcObject = given;
        view.onloadeddata = () => {
          words.textContent = video
            ? "A recording tells more about liveness than a single photo."
            : "Look at the camera.";
          shoot.disabled = false;
          record.disabled = !globalThis.MediaRecorder;
          shoot.focus();
        };
      })
      .catch((error) => (words.textContent = REASONS[error.name] ?? `The camera cannot be used (${error.name}).`));
  });
}

function take(view) {
  const canvas = h("canvas", { width: view.videoWidth, height: view.videoHeight });
  canvas.getContext("2d").drawImage(view, 0, 0);
  return new Promise((resolve) =>
    canvas.toBlob((blob) => resolve(new File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.92),
  );
}
