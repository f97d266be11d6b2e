// What the service tells as it happens.

/** Milliseconds after which it is listened to anew where the browser has given it up. */
const PAUSE = 2_000;

/**
 * Listens to what the service tells, again and again if need be.
 * @param {Record<string, (event: MessageEvent) => void>} heard what is done, by kinds of events
 * @param {() => void} [opened] called whenever it is listened to from now on
 * @param {() => void} [lost] called when nothing is heard any more
 */
export function follow(heard, opened = () => {}, lost = () => {}) {
  const events = new EventSource("/api/v1/events");
  events.addEventListener("open", opened);
  events.addEventListener("error", () => {
    lost();
    // Browsers go on where the network broke. They give up when somebody stops the page, and where another answers.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => follow(heard, opened, lost), PAUSE);
  });
  for (const [kind, hear] of Object.entries(heard)) events.addEventListener(kind, hear);
}
