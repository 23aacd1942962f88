// The form that changes one's own password.
import { api, dismissReports, report } from "./api.js";
import { clone } from "./dom.js";

const form = document.getElementById("password");
const status = document.getElementById("password-status");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  dismissReports();
  status.replaceChildren();
  showErrors([]);
  const { current_password, new_password } = form.elements;
  try {
    await api("/api/auth/password", { json: { current_password: current_password.value, new_password: new_password.value } });
    form.reset();
    status.append(clone("changed-template"));
  } catch (error) {
    if (error.fields?.length > 0) showErrors(error.fields);
    else report(error);
  }
});

/** Says beside each field what is wrong with it, and leads to the first; no errors take what was said away. */
function showErrors(errors) {
  for (const input of form.querySelectorAll("input[aria-describedby]")) {
    const error = errors.find((wrong) => wrong.field === input.name);
    const said = document.getElementById(`${input.id}-error`);
    said.textContent = error ? `The ${input.labels[0].textContent.toLowerCase()} ${error.message}.` : "";
    said.hidden = !error;
    input.ariaInvalid = error ? "true" : null;
  }
  form.querySelector("[aria-invalid]")?.focus();
}
