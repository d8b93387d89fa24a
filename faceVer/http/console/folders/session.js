// The session of the user who is signed in, and requests in that user's name. Addresses are relative to the page.

const KEY = "facever-session";
/** Codes of tokens that are not, or no longer, valid. */
const ENDED = [7, 8];

/** Which roles may do what; the server checks it again. */
export const RIGHTS = {
  decide: ["OPERATOR", "CLIENT_OPERATOR", "CLIENT_ADMIN"],
  judge: ["ADMIN", "OPERATOR", "CLIENT_SERVICE", "CLIENT_OPERATOR", "CLIENT_ADMIN"],
  remove: ["ADMIN", "CLIENT_ADMIN"],
  manage: ["ADMIN", "CLIENT_ADMIN"],
  companies: ["ADMIN"],
  statistics: ["ADMIN", "OPERATOR", "CLIENT_OPERATOR", "CLIENT_ADMIN"],
};

/** A failed request. status: 0 if there was no response. code: of the Oz API. */
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

const events = new EventTarget();
/** Call `listener` when nobody is signed in any more; its event has `detail`, why. */
export const onSignedOut = (listener) => events.addEventListener("signedout", listener);

let session = stored();
let refreshing = null;

function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

/** Keep the session of a response until the tab is closed; null ends it. */
function keep(document) {
  session = null;
  if (document) {
    const seconds = lifetime(document.access_token);
    const { user, access_token: access, expire_token: expire } = document;
    session = { user, access, expire, renew: Date.now() + (seconds * 2000) / 3 };
  }
  try {
    if (session) sessionStorage.setItem(KEY, JSON.stringify(session));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage the session lasts until the page is reloaded.
  }
}

/** Seconds that a token lives. Both times are the server's: the clock of this machine may differ. */
function lifetime(token) {
  const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const { exp, iat } = JSON.parse(atob(payload));
  return exp - iat;
}

export const user = () => session?.user ?? null;
export const may = (right) => RIGHTS[right].includes(user()?.user_type);

/** Raises ApiError. */
export async function signIn(email, password) {
  const body = { credentials: { email, password } };
  keep(await read(await send("POST", "api/authorize/auth/", { body, token: "" })));
}

export async function signOut() {
  const access = session?.access;
  end("");
  // The tokens are forgotten here in any case; if the server is away, they end by themselves.
  await send("DELETE", "api/authorize/", { token: access }).catch(() => null);
}

function end(reason) {
  if (!session) return;
  keep(null);
  events.dispatchEvent(new CustomEvent("signedout", { detail: reason }));
}

/** The JSON of a response, null for none. body: an object, or a FormData. read: how to read it. Raises ApiError, AbortError. */
export async function call(method, path, { body, signal, as = "json" } = {}) {
  if (session && Date.now() > session.renew) await refresh();
  try {
    return await read(await send(method, path, { body, signal }), as);
  } catch (error) {
    if (error.status !== 401) throw error;
    if (ENDED.includes(error.code) && (await refresh()))
      return read(await send(method, path, { body, signal }), as);
    end("Your session has ended. Sign in again.");
    throw error;
  }
}

/** Begin a session in place of this one. Returns whether it did; requests at the same time share it. */
function refresh() {
  refreshing ??= renew().finally(() => (refreshing = null));
  return refreshing;
}

async function renew() {
  if (!session) return false;
  try {
    keep(await read(await send("POST", "api/authorize/refresh/", { body: { expire_token: session.expire } })));
    return true;
  } catch {
    return false;
  }
}

async function send(method, path, { body, signal, token = session?.access }) {
  const headers = token ? { "X-Forensic-Access-Token": token } : {};
  const isForm = body instanceof FormData;
  if (body && !isForm) headers["Content-Type"] = "application/json";
  try {
    const content = body && !isForm ? JSON.stringify(body) : body;
    return await fetch(path, { method, headers, body: content, signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, null, "no response");
  }
}

async function read(response, as = "json") {
  if (response.status === 204) return null;
  if (response.ok) return response[as]();
  // The response may be a page of a proxy.
  const document = (await response.json().catch(() => null)) ?? {};
  throw new ApiError(response.status, document.error_code ?? null, document.error_message ?? `HTTP ${response.status}`);
}
