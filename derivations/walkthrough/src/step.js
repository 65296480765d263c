// Without this script the page shows everything; with it, one line at a time on request.
(() => {
  const sections = [...document.querySelectorAll("section")];
  const links = [...document.querySelectorAll("nav a")];
  const root = document.documentElement;
  let at = Math.max(0, sections.findIndex((s) => "#" + s.id === location.hash));

  const bar = document.createElement("div");
  bar.className = "controls";
  const button = (words, act) => {
    const b = document.createElement("button");
    b.type = "button";
    b.textContent = words;
    b.addEventListener("click", act);
    bar.append(b);
    return b;
  };
  const previous = button("← previous", () => go(at - 1));
  const next = button("next →", () => go(at + 1));
  const mode = button("one at a time", () => single(!root.classList.contains("one")));
  document.body.append(bar);

  const mark = () => {
    links.forEach((a, k) => (k === at ? a.setAttribute("aria-current", "step") : a.removeAttribute("aria-current")));
    sections.forEach((s, k) => s.classList.toggle("shown", k === at));
    previous.disabled = at === 0;
    next.disabled = at === sections.length - 1;
  };
  const go = (k) => {
    at = Math.min(sections.length - 1, Math.max(0, k));
    mark();
    history.replaceState(null, "", "#" + sections[at].id);
    if (root.classList.contains("one")) scrollTo(0, 0);
    else sections[at].scrollIntoView();
  };
  const single = (on) => {
    root.classList.toggle("one", on);
    mode.textContent = on ? "show all" : "one at a time";
    go(at);
  };
  links.forEach((a, k) => a.addEventListener("click", (e) => { e.preventDefault(); go(k); }));
  addEventListener("keydown", (e) => {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    if (e.key === "ArrowRight" || e.key === "PageDown") { e.preventDefault(); go(at + 1); }
    if (e.key === "ArrowLeft" || e.key === "PageUp") { e.preventDefault(); go(at - 1); }
  });
  const watcher = new IntersectionObserver((seen) => {
    if (root.classList.contains("one")) return;
    seen.filter((s) => s.isIntersecting).forEach((s) => { at = sections.indexOf(s.target); mark(); });
  }, { rootMargin: "-20% 0px -70% 0px" });
  sections.forEach((s) => watcher.observe(s));
  mark();
})();
