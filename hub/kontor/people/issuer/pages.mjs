/** What people see: the choose page and short messages. No script, no inline style; the look is Kontor's stylesheet. */
import { personas } from './people.mjs';

const GABLE = 'M3 23V12h2.2V9h2.4V6H10V3h4v3h2.4v3h2.4v3H21v11h-6v-6H9v6z';
const SIGNS = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** `text` made safe for HTML, in content and in quoted attributes. */
export function escaped(text) {
  return String(text).replace(/[&<>"']/g, (sign) => SIGNS[sign]);
}

/** What every page needs to know: the way home, whether there is a stylesheet, and the theme chosen in Kontor, if any. */
export function viewFor(config, cookies = '') {
  const theme = /(?:^|;\s*)kontor-theme=(light|dark)(?:;|$)/.exec(cookies)?.[1] ?? null;
  return { home: config.logout_redirect, styled: config.stylesheet !== null, theme };
}

function page({ home, styled, theme }, title, content) {
  const look = !styled ? '' : '<link rel="stylesheet" href="/static/kontor.css">\n<link rel="icon" href="/static/favicon.svg">\n';
  return `<!doctype html>
<html lang="en"${theme ? ` data-theme="${theme}"` : ''}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escaped(title)} · Kontor demo</title>
${look}</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top"><div class="in">
<a class="mark" href="${escaped(home ?? '/')}"><svg viewBox="0 0 24 24" width="28" height="28" aria-hidden="true"><path d="${GABLE}"/></svg>Kontor</a>
<div class="me"><div class="chips"><span class="chip warn">Demo sign-in</span></div></div>
</div></header>
${content}
<footer class="foot"><div class="in"><span>Everybody on this page is made up. Any likeness is by chance.</span></div></footer>
</body>
</html>
`;
}

function card({ id, name, initials, partner, place, about, color }) {
  return `<li><button class="persona" type="submit" name="persona" value="${escaped(id)}">
<span class="face large ${escaped(color)}" aria-hidden="true">${escaped(initials)}</span>
<strong>${escaped(name)}</strong>
<span class="quiet">${escaped(partner)}, ${escaped(place)}</span>
<span>${escaped(about)}</span>
</button></li>`;
}

/** The page on which a visitor chooses who to be; `action` is where the choice goes. */
export function choosePage(view, action) {
  const back = view.home === null ? '' : `<p><a href="${escaped(view.home)}">Back without signing in</a></p>`;
  return page(view, 'Choose who you are', `<main id="main">
<div class="stack">
<h1>Choose who you are</h1>
<p>This is the demo sign-in of Kontor: the people below are made up, and there are no passwords. Choose one of them to
see their pilots and their workspace. To try working together, open a second browser and be somebody else there.</p>
</div>
<form method="post" action="${escaped(action)}" aria-label="People of the demo">
<ul class="persona-grid">
${personas.map(card).join('\n')}
</ul>
</form>
<div class="notice"><strong>For trying out only</strong>
<p>Anybody who can open this page can be anyone on it, so keep real data out. In a real installation you sign in at
your own organisation, through Life Science Login.</p></div>
${back}
</main>`);
}

/** A short message with the way back; `detail` is for whoever is asked for help. */
export function message(view, { title, words, detail = '' }) {
  const back = view.home === null ? '' : `<p><a class="button go" href="${escaped(view.home)}">Back to Kontor</a></p>`;
  return page(view, title, `<main id="main"><div class="calm">
<h1>${escaped(title)}</h1>
<p>${escaped(words)}</p>
${back}
${detail ? `<p class="quiet">For support: ${escaped(detail)}</p>` : ''}
</div></main>`);
}

/** The page for an address that does not exist. */
export function nothingHere(view) {
  return message(view, {
    title: 'There is nothing here',
    words: 'This is the demo sign-in of Kontor. Start at Kontor itself, and it sends you here when needed.',
  });
}
