// The stream of frames, and commands to the session. A page that nobody sees reads nothing.

const token = document.querySelector('meta[name="token"]').content;

export function follow(on) {
  let source = null;
  const open = () => {
    if (source) return;
    source = new EventSource("/events");
    for (const kind of ["hello", "frame", "over"]) {
      source.addEventListener(kind, (event) => on[kind](JSON.parse(event.data)));
    }
    source.addEventListener("error", () => on.lost());
  };
  const close = () => {
    source?.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  if (!document.hidden) open();
}

export async function tell(command) {
  try {
    const answer = await fetch("/do", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Testbed-Token": token },
      body: JSON.stringify(command),
    });
    if (answer.status === 403) return (await answer.text()).trim();
    return (await answer.json()).error;
  } catch {
    return "nobody answers: is make live still running?";
  }
}
