// A dialog with the camera: takes a photo, or records a few seconds of video without sound.

import { button, h, iconButton } from "./dom.js";

const LENGTHS = [3, 5, 8];
const FORMATS = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];

const CAMERA_ERRORS = {
  NotAllowedError:
    "The browser does not allow this page to use the camera. Allow it in the address bar or the browser’s settings, and try again.",
  NotFoundError: "No camera was found on this device.",
  NotReadableError: "The camera is in use by another program.",
};

/** A photo (or, with `video`, a photo or a recording) from the camera as a File; null if the user closes the dialog. */
export function fromCamera({ video = false } = {}) {
  return new Promise((resolve) => {
    const view = h("video", { autoplay: true, muted: true, playsinline: true, "aria-label": "What the camera sees" });
    view.muted = true;
    const message = h("p", { class: "state", role: "status" }, "Waiting for permission to use the camera …");
    const length = h(
      "select",
      { "aria-label": "Length of the recording" },
      LENGTHS.map((seconds) => h("option", { value: seconds }, `${seconds} seconds`)),
    );
    const shutter = button("camera", "Take photo", () => takePhoto(view).then(close), {
      class: "primary",
      disabled: true,
    });
    const recordButton = button("film", "Record", () => record(), { disabled: true });
    const closeButton = iconButton("cross", "Close the camera", () => close(null));
    const dialog = h(
      "dialog",
      { class: "camera", "aria-labelledby": "camera-title" },
      h(
        "header",
        {},
        h("h2", { id: "camera-title" }, "Camera"),
        closeButton,
      ),
      h("div", { class: "viewfinder" }, view),
      message,
      h("p", { class: "row" }, shutter, video ? recordButton : null, video ? length : null),
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

    function record() {
      const chunks = [];
      const format = FORMATS.find((type) => MediaRecorder.isTypeSupported(type));
      recorder = new MediaRecorder(stream, format ? { mimeType: format } : undefined);
      recorder.ondataavailable = (event) => chunks.push(event.data);
      recorder.onstop = () => {
        if (!dialog.open) return;
        const type = (recorder.mimeType || "video/webm").split(";")[0];
        close(new File(chunks, `recording.${type.endsWith("mp4") ? "mp4" : "webm"}`, { type }));
      };
      closeButton.focus();
      [shutter, recordButton, length].forEach((control) => (control.disabled = true));
      dialog.classList.add("recording");
      let left = Number(length.value);
      const showTimeLeft = () => (message.textContent = `Recording: ${left} s left. Look at the camera.`);
      showTimeLeft();
      recorder.start();
      const timer = setInterval(() => {
        left -= 1;
        if (left > 0 && dialog.open) return showTimeLeft();
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
      message.textContent =
        "Browsers allow the camera only over https, or on localhost. Open this page that way, or choose a file instead.";
      return;
    }
    navigator.mediaDevices
      .getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false })
      .then((opened) => {
        if (!dialog.open) return opened.getTracks().forEach((track) => track.stop());
        stream = opened;
        view.srcObject = opened;
        view.onloadeddata = () => {
          message.textContent = video
            ? "A recording is a better basis for the liveness check than a single photo."
            : "Look at the camera.";
          shutter.disabled = false;
          recordButton.disabled = !globalThis.MediaRecorder;
          shutter.focus();
        };
      })
      .catch(
        (error) => (message.textContent = CAMERA_ERRORS[error.name] ?? `The camera cannot be used (${error.name}).`),
      );
  });
}

function takePhoto(view) {
  const canvas = h("canvas", { width: view.videoWidth, height: view.videoHeight });
  canvas.getContext("2d").drawImage(view, 0, 0);
  return new Promise((resolve) =>
    canvas.toBlob((blob) => resolve(new File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.92),
  );
}
