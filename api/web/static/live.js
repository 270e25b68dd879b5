// Follows a grading as it happens. The finished result is the server's own page, fetched and put in place.

const SLOW_MS = 3000; // how often to look where events cannot be had
const result = document.querySelector("#result[data-events]");
if (result) follow(result);

function follow(result) {
  const part = (name) => result.querySelector(`[data-live=${name}]`);
  const bar = part("bar"), list = part("tests"), title = part("title"), detail = part("detail");
  const seen = new Set();
  const source = new EventSource(result.dataset.events);
  const on = (name, act) => source.addEventListener(name, (event) => act(JSON.parse(event.data)));
  let failures = 0;

  source.addEventListener("open", () => { failures = 0; });
  on("position", ({ position, stage, estimate_seconds: seconds }) => {
    if (stage === "slow") say(title, "Training tests come next");
    else say(title, position > 1 ? `Waiting: ${position - 1} before you` : "Waiting: you are next");
    say(detail, `${seconds ? `About ${duration(seconds)}. ` : ""}You may close this page.`);
  });
  on("state", ({ state, tests_total: total }) => {
    if (total) bar.max = total;
    if (state !== "grading") return;
    say(title, "Your code is being tested");
    say(detail, "Results appear here one by one.");
  });
  on("test", ({ done, total, test }) => {
    if (seen.has(test.id)) return;
    seen.add(test.id);
    if (total) bar.max = Math.max(total, done);
    bar.value = done;
    list.append(row(test));
    list.scrollTop = list.scrollHeight;
    say(title, test.slow ? "Training tests are running" : "Your code is being tested");
    say(detail, `${done} of ${bar.max} tests`);
  });
  on("score", () => interim(result));
  on("end", () => { source.close(); settle(result); });
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED && ++failures < 5) return; // the browser connects again
    source.close();
    setTimeout(() => settle(result), SLOW_MS);
  });
}

function say(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

function row(test) {
  const look = document.querySelector(`template[data-look="${CSS.escape(test.status ?? "withheld")}"]`);
  const item = document.querySelector("#live-test").content.firstElementChild.cloneNode(true);
  if (look) {
    item.classList.add(look.dataset.tone);
    item.querySelector("svg").replaceWith(look.content.firstElementChild.cloneNode(true));
  }
  const spoken = document.createElement("span");
  spoken.className = "visually-hidden";
  spoken.textContent = look ? `${look.dataset.words}: ` : "";
  item.querySelector(".live__name").append(spoken, test.name ?? test.id);
  if (test.max_score) item.querySelector(".live__points").textContent = `${points(test.score)}/${points(test.max_score)}`;
  return item;
}

function duration(seconds) {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} minutes`;
}

function points(value) {
  return String(Math.round(value * 100) / 100);
}

// The server's page as it is now: its result, and its title.
async function fetched() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (answer.redirected) location.reload(); // signed out meanwhile
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return { fresh: answer.ok ? page.querySelector("#result") : null, title: page.title };
}

// Shows the results of the first stage below the progress of the next.
async function interim(result) {
  const { fresh } = await fetched().catch(() => ({}));
  const live = result.querySelector(".live");
  const place = fresh?.querySelector(".live");
  if (!place || !live) return;
  live.querySelector("[data-live=tests]").replaceChildren();
  place.replaceWith(live);
  result.replaceChildren(...fresh.childNodes);
}

// Puts the server's page in place of this one; looks again while there is no final state.
async function settle(result) {
  const { fresh, title } = await fetched().catch(() => ({})); // the network may be away
  if (!fresh || fresh.dataset.events) {
    setTimeout(() => settle(result), SLOW_MS);
    return;
  }
  document.title = title;
  const focused = result.contains(document.activeElement);
  result.replaceWith(fresh);
  announce(fresh);
  if (focused) document.querySelector("#main").focus();
}

function announce(fresh) {
  const words = fresh.querySelector(".score--total")?.textContent.replace("/", "").replace(/\s+/g, " ") ?? fresh.querySelector(".notice__title")?.textContent ?? "Done";
  const status = document.createElement("p");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  fresh.before(status);
  setTimeout(() => { status.textContent = `Finished: ${words}`; }, 50);
}
