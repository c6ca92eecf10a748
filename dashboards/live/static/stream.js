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

// Commands are sent one after another, so that the last one holds; changes that wait become one.
let last = Promise.resolve();
let next = null;

// What the session says against a command, or nothing.
export function tell(command) {
  if (next && command.do === "set" && next.command.do === "set") {
    Object.assign(next.command.controls, command.controls);
    return next.answer;
  }
  const mine = { command: { ...command, controls: command.controls && { ...command.controls } } };
  mine.answer = last.then(() => {
    if (next === mine) next = null;
    return post(mine.command);
  });
  next = mine;
  last = mine.answer;
  return mine.answer;
}

async function post(command) {
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
