/**
 * The web side of the issuer: who may ask, the pages, and everything else handed to the provider.
 *
 *     /healthz              answers "ok"
 *     /choose/<uid>         the page (GET) and the choice (POST)
 *     /static/...           the stylesheet and the icon beside it
 *     /.well-known/openid-configuration  /auth  /token  /me  /jwks  /session/end     oidc-provider
 */
import { createServer } from 'node:http';
import { createReadStream, statSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import { choosePage, message, nothingHere, viewFor } from './pages.mjs';
import { personaById } from './people.mjs';

const LARGEST_FORM = 4096;
const STATIC = new Map([['kontor.css', 'text/css; charset=utf-8'], ['favicon.svg', 'image/svg+xml']]);

/** Where the browser may end up after the choice: the hub, and its subdomains, to which it forwards. */
function formTargets(config) {
  const targets = [...config.redirect_uris, config.logout_redirect].filter(Boolean).map((uri) => new URL(uri));
  const sources = targets.flatMap(({ protocol, hostname, host, origin }) => (
    isIP(hostname.replace(/[[\]]/g, '')) ? [origin] : [origin, `${protocol}//*.${host}`]));
  return [...new Set(sources)].join(' ');
}

function securityHeaders(config) {
  return {
    'Content-Security-Policy': "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; "
      + `frame-ancestors 'none'; form-action 'self' ${formTargets(config)}`,
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  };
}

function send(response, status, body, type = 'text/html; charset=utf-8') {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

async function readForm(request) {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    if (body.length > LARGEST_FORM) return null;
  }
  return new URLSearchParams(body);
}

async function sendStatic(config, name, response) {
  const file = config.stylesheet && (name === 'kontor.css' ? config.stylesheet : path.join(path.dirname(config.stylesheet), name));
  const found = file && STATIC.has(name) && statSync(file, { throwIfNoEntry: false });
  if (!found || !found.isFile()) return send(response, 404, 'No such file.\n', 'text/plain; charset=utf-8');
  response.writeHead(200, { 'Content-Type': STATIC.get(name), 'Content-Length': found.size, 'Cache-Control': 'no-cache' });
  return pipeline(createReadStream(file), response);
}

async function choose(provider, view, request, response, pathname) {
  const { uid } = await provider.interactionDetails(request, response);
  if (pathname !== `/choose/${uid}`) throw new Error('the page belongs to another sign-in');
  if (request.method === 'GET' || request.method === 'HEAD') return send(response, 200, choosePage(view, pathname));
  if (request.method !== 'POST') return send(response, 405, 'Use GET or POST.\n', 'text/plain; charset=utf-8');
  const persona = personaById((await readForm(request))?.get('persona'));
  if (!persona) return send(response, 400, message(view, {
    title: 'Nobody of that name', words: 'Go back and choose one of the people on the page.',
  }));
  return provider.interactionFinished(request, response, { login: { accountId: persona.subject } }, { mergeWithLastSubmission: false });
}

/** The page for a choice whose sign-in is over, unknown, or of another browser. */
function tooLate(view, response) {
  send(response, 400, message(view, {
    title: 'This sign-in is over',
    words: 'It was finished already, or left open for more than an hour. Go back to Kontor and sign in again.',
  }));
}

/** A request that came by any of our names is handled as one to the public address; by any other name it is refused. */
function hostCheck(config) {
  const { host, protocol } = new URL(config.issuer);
  const loopback = ['127.0.0.1', 'localhost', '[::1]', config.listen_host].map((name) => `${name}:${config.listen_port}`);
  const names = new Set([host, ...loopback].map((name) => name.toLowerCase()));
  return (request) => {
    if (!names.has((request.headers.host ?? '').toLowerCase())) return false;
    request.headers.host = host;
    request.headers['x-forwarded-host'] = host;
    request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
    return true;
  };
}

/** The HTTP server, not yet listening. */
export function makeServer(provider, config) {
  const headers = Object.entries(securityHeaders(config));
  const underOurName = hostCheck(config);
  const handOver = provider.callback();

  async function handle(request, response) {
    const pathname = request.url.split('?', 1)[0];
    const view = viewFor(config, request.headers.cookie);
    if (!underOurName(request)) return send(response, 421, 'This is not the address of the demo issuer.\n', 'text/plain; charset=utf-8');
    if (pathname === '/healthz') return send(response, 200, 'ok\n', 'text/plain; charset=utf-8');
    if (pathname === '/') return send(response, 404, nothingHere(view));
    if (pathname.startsWith('/static/')) return sendStatic(config, pathname.slice('/static/'.length), response);
    if (!pathname.startsWith('/choose/')) return handOver(request, response);
    return choose(provider, view, request, response, pathname).catch((error) => {
      if (response.headersSent) throw error;
      tooLate(view, response);
    });
  }

  return createServer((request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    handle(request, response).catch((error) => {
      console.error(`demo issuer: ${error.stack}`);
      if (!response.headersSent) send(response, 500, 'Something went wrong in the demo issuer.\n', 'text/plain; charset=utf-8');
      else response.destroy();
    });
  });
}
