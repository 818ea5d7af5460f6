/** In the page itself, so that it needs no second request; its hash stands in the page's policy. */
export const style = `
:root { color-scheme: light dark; --page: #eef1f6; --card: #ffffff; --ink: #141a24; --soft: #525c6c; --line: #cdd4df; --edge: #7d8899; --main: #1d4ed8; --on-main: #ffffff; --main-hover: #1a3fae; --hover: #f1f4f9; --band: #ffd84d; --on-band: #2b2200; --good: #14713f; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --page: #0e1218; --card: #181e27; --ink: #eef2f8; --soft: #a9b4c4; --line: #3a4453; --edge: #7b889c; --main: #8fb4ff; --on-main: #08142e; --main-hover: #b3ccff; --hover: #232b37; --band: #4a3c00; --on-band: #ffe9a0; --good: #6fdc9f; --bad: #ff9d94; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.band { padding: 0.6rem 1rem; background: var(--band); color: var(--on-band); text-align: center; font-size: 0.9rem; }
.card { width: min(30rem, calc(100% - 2rem)); margin: clamp(1rem, 6vh, 4rem) auto; padding: clamp(1.25rem, 5vw, 2.25rem); background: var(--card); border: 1px solid var(--line); border-radius: 1rem; }
main > :last-child { margin-bottom: 0; }
h1 { margin: 0 0 1rem; line-height: 1.15; }
.what { display: block; color: var(--soft); font-size: 1rem; font-weight: 600; }
.amount { display: block; margin-top: 0.25rem; font-size: clamp(1.75rem, 8.4vw, 2.2rem); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0.35rem 1rem; margin: 0 0 1.5rem; padding: 1rem 0; border-block: 1px solid var(--line); }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: 0.85rem/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
fieldset { margin: 1.75rem 0 0; padding: 0; border: 0; min-width: 0; }
legend { padding: 0; color: var(--soft); font-size: 0.9rem; font-weight: 600; }
.choice { margin-top: 0.9rem; }
.choice p { margin: 0.25rem 0 0; color: var(--soft); font-size: 0.875rem; }
.button { display: block; width: 100%; min-height: 2.9rem; padding: 0.6rem 1rem; border: 1px solid var(--edge); border-radius: 0.6rem; background: var(--card); color: var(--ink); font: inherit; font-weight: 600; text-align: center; text-decoration: none; overflow-wrap: anywhere; cursor: pointer; }
.button:hover { background: var(--hover); }
.main { border-color: var(--main); background: var(--main); color: var(--on-main); }
.main:hover { background: var(--main-hover); }
.button:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
.mark { display: grid; place-items: center; width: 3.25rem; height: 3.25rem; margin: 0 0 1rem; border: 2px solid currentColor; border-radius: 50%; color: var(--soft); font-size: 1.5rem; line-height: 1; }
.mark.succeeded { color: var(--good); }
.mark.failed { color: var(--bad); }
`
