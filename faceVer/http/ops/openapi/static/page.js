// Shows /openapi.json with Swagger UI; it requests nothing from other servers.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
paint();
dark.addEventListener("change", paint);

// Fields of a form that are left empty are not sent, unless the user selects them.
const leaveOutEmpty = (system) => ({
  wrapComponents: {
    ParameterIncludeEmpty: (Original) => (props) =>
      system.React.createElement(Original, {
        ...props,
        isIncludedOptions: { ...props.isIncludedOptions, defaultValue: false },
      }),
  },
});

// The document does not know the path that a proxy may have put before the server's own; the page's address has it.
const ownServer = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (original) => (spec) => original({ ...spec, servers: [{ url: new URL(".", location).href }] }),
      },
    },
  },
});

window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  docExpansion: "list",
  plugins: [leaveOutEmpty, ownServer],
  validatorUrl: null,
  onComplete: () => document.getElementById("servers").setAttribute("aria-label", "Server"),
});
