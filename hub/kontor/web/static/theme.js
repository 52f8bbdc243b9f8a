/* Light or dark, as the person chose; without a choice the system's setting rules and this file does nothing.
   The choice is one cookie for the whole installation (data-domain of the script tag), because the hub, the
   lobby and the issuer are different origins. Load it in <head>, so that no page flashes in the wrong theme. */
(() => {
  "use strict";
  const domain = document.currentScript.dataset.domain;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => (document.cookie.match(/(?:^|; )kontor-theme=(light|dark)/) || [])[1];
  const now = () => chosen() || (system.matches ? "dark" : "light");
  const wear = () => {
    document.documentElement.dataset.theme = now();
    document.documentElement.dataset.bsTheme = now();
  };
  const choose = (theme) => {
    const where = domain ? `; domain=${domain}` : "";
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `kontor-theme=${theme}${where}; path=/; max-age=31536000; samesite=lax${secure}`;
    wear();
  };

  wear();
  system.addEventListener("change", wear);
  addEventListener("DOMContentLoaded", () => {
    const toggle = document.getElementById("dark-theme-toggle");
    const say = () => toggle.setAttribute("aria-pressed", String(now() === "dark"));
    if (!toggle) return;
    toggle.hidden = false;
    say();
    toggle.addEventListener("click", () => {
      choose(now() === "dark" ? "light" : "dark");
      say();
    });
  });
})();
