// Reports as clients send them, for the tests of the page.

const SCHEMES = { "/": "Bearer" };

/** Posts a body, and returns the status of the answer. */
export async function post(base, body, { path = "/", key = "dev-key-123", idempotency } = {}) {
  const headers = { "content-type": "application/json", authorization: `${SCHEMES[path] ?? "Basic"} ${key}` };
  if (idempotency) headers["idempotency-key"] = idempotency;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(new URL(path, base), { method: "POST", headers, body: text });
  await answer.text();
  return answer.status;
}

const event = (event_type, run, fields) => ({ event_type, metadata: {}, task_run_id: run, ...fields });
export const update = (run, status, message, metadata = {}) => event("UPDATE_STATUS", run, { metadata, status, message });
export const output = (run, output_name, output_value) => event("SET_OUTPUT", run, { output_name, output_value });
export const log = (run, log_name, data) => event("LOG", run, { log_name, data });
