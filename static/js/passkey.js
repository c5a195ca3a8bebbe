// Passkeys: the browser's part of sign-in, set-up and signing. Pages work without it, by code.
//
// A button says what it does with data-passkey:
//   sign    answer the challenge fetched from data-passkey-challenge, put the answer into the field named by
//           data-passkey-credential, and submit the form; the form's own submit button counts as pressed
//   answer  the same, with the challenge from the JSON element named by data-passkey-options
//   add     make a new passkey from the options in the JSON element named by data-passkey-options
(function () {
  "use strict";

  const fromBase64Url = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

  const toBase64Url = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const identified = (list) => (list || []).map((item) => ({ ...item, id: fromBase64Url(item.id) }));

  async function answer(options) {
    const publicKey = { ...options.publicKey };
    publicKey.challenge = fromBase64Url(publicKey.challenge);
    publicKey.allowCredentials = identified(publicKey.allowCredentials);
    const credential = await navigator.credentials.get({ publicKey });
    const response = credential.response;
    return {
      id: credential.id,
      rawId: toBase64Url(credential.rawId),
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: {
        authenticatorData: toBase64Url(response.authenticatorData),
        clientDataJSON: toBase64Url(response.clientDataJSON),
        signature: toBase64Url(response.signature),
        userHandle: response.userHandle ? toBase64Url(response.userHandle) : null,
      },
    };
  }

  async function add(options) {
    const publicKey = { ...options.publicKey };
    publicKey.challenge = fromBase64Url(publicKey.challenge);
    publicKey.user = { ...publicKey.user, id: fromBase64Url(publicKey.user.id) };
    publicKey.excludeCredentials = identified(publicKey.excludeCredentials);
    const credential = await navigator.credentials.create({ publicKey });
    const response = credential.response;
    return {
      id: credential.id,
      rawId: toBase64Url(credential.rawId),
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: {
        attestationObject: toBase64Url(response.attestationObject),
        clientDataJSON: toBase64Url(response.clientDataJSON),
        transports: response.getTransports ? response.getTransports() : [],
      },
    };
  }

  async function challenge(button) {
    if (button.dataset.passkeyOptions) {
      const given = JSON.parse(document.getElementById(button.dataset.passkeyOptions).textContent);
      return given.creation_options || given.request_options;
    }
    const token = button.form.querySelector("[name=csrfmiddlewaretoken]").value;
    const response = await fetch(button.dataset.passkeyChallenge, {
      method: "POST",
      headers: { "X-CSRFToken": token, Accept: "application/json" },
      credentials: "same-origin",
    });
    if (!response.ok) {
      throw new Error(button.dataset.passkeyUnanswered);
    }
    return response.json();
  }

  function explain(problem, button) {
    if (problem.name === "NotAllowedError") {
      return button.dataset.passkeyCancelled;
    }
    if (problem.name === "InvalidStateError") {
      return button.dataset.passkeyKnown;
    }
    return problem.message || button.dataset.passkeyFailed;
  }

  function prepare(button) {
    const form = button.form;
    const said = form.querySelector("[data-passkey-problem]");
    button.hidden = false;
    button.addEventListener("click", async () => {
      button.disabled = true;
      said.hidden = true;
      try {
        const options = await challenge(button);
        const made = button.dataset.passkey === "add" ? await add(options) : await answer(options);
        document.getElementById(button.dataset.passkeyCredential).value = JSON.stringify(made);
        const submit = form.querySelector("button[type=submit], button:not([type])");
        if (submit && button.dataset.passkey === "sign") {
          form.requestSubmit(submit);
        } else {
          form.submit();
        }
      } catch (problem) {
        said.textContent = explain(problem, button);
        said.hidden = false;
        button.disabled = false;
      }
    });
  }

  if (window.PublicKeyCredential) {
    document.querySelectorAll("[data-passkey]").forEach(prepare);
  }
})();
