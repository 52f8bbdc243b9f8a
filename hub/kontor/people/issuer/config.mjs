/**
 * The configuration of the demo issuer: one JSON file, a closed set of keys, every mistake named at once.
 *
 * Secrets are files that the configuration points to; none is in the file itself, in the environment or in argv.
 * Relative paths count from the folder of the configuration file.
 */
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import path from 'node:path';

/** A failure that the operator reads: `mistakes` are sentences that say what to do. */
export class ConfigError extends Error {
  constructor(source, mistakes) {
    const count = `${mistakes.length} mistake${mistakes.length === 1 ? '' : 's'}.`;
    super([`${source}: ${count}`, ...mistakes.map((mistake) => `  - ${mistake}`)].join('\n'));
    this.mistakes = mistakes;
  }
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether only this machine can connect to `host`. */
export function onLoopback(host) {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

const text = (value) => (typeof value === 'string' && value.trim() !== '' ? null : 'must be a text that is not empty');
const flag = (value) => (typeof value === 'boolean' ? null : 'must be true or false');
const port = (value) => (Number.isInteger(value) && value >= 1 && value <= 65535 ? null : 'must be a whole number from 1 to 65535');

function address(value) {
  if (typeof value !== 'string' || !URL.canParse(value)) return 'must be an address like http://kontor.localhost:8000/';
  const { protocol, username, password, hash } = new URL(value);
  if (protocol !== 'http:' && protocol !== 'https:') return 'must begin with http:// or https://';
  return username || password || hash ? 'must have no user name, password or # part' : null;
}

function origin(value) {
  return address(value) ?? (new URL(value).origin === value ? null : `must be scheme, host and port only, for example ${new URL(value).origin}`);
}

function addresses(value) {
  if (!Array.isArray(value) || value.length === 0) return 'must be a list with at least one address';
  return value.map(address).find((mistake) => mistake !== null) ?? null;
}

/** Every key: what is wrong with a value (null: nothing), and the default of those that may be left out. */
const KEYS = {
  listen_host: { check: text },
  listen_port: { check: port },
  issuer: { check: origin },
  client_id: { check: text },
  client_secret_file: { check: text },
  redirect_uris: { check: addresses },
  keys_file: { check: text },
  logout_redirect: { check: address, otherwise: null },
  stylesheet: { check: text, otherwise: null },
  allow_public: { check: flag, otherwise: false },
};

function parse(source) {
  let raw;
  try {
    raw = readFileSync(source, 'utf8');
  } catch (error) {
    throw new ConfigError(source, [`The file cannot be read (${error.code}).`]);
  }
  let values;
  try {
    values = JSON.parse(raw);
  } catch (error) {
    throw new ConfigError(source, [`This is not JSON: ${error.message}.`]);
  }
  if (values === null || typeof values !== 'object' || Array.isArray(values)) {
    throw new ConfigError(source, ['The file must hold one JSON object.']);
  }
  return values;
}

function mistakesIn(values) {
  const known = Object.keys(KEYS);
  const unknown = Object.keys(values).filter((key) => !Object.hasOwn(KEYS, key));
  const mistakes = unknown.map((key) => `Unknown key "${key}". Known keys: ${known.join(', ')}.`);
  for (const [key, { check, otherwise }] of Object.entries(KEYS)) {
    if (!Object.hasOwn(values, key)) {
      if (otherwise === undefined) mistakes.push(`"${key}" is missing.`);
    } else {
      const mistake = check(values[key]);
      if (mistake) mistakes.push(`"${key}" ${mistake}.`);
    }
  }
  const host = values.listen_host;
  if (typeof host === 'string' && host.trim() !== '' && !onLoopback(host) && values.allow_public !== true) {
    mistakes.push(`"listen_host" is ${host}, which other machines can reach, and the demo issuer lets anybody in `
      + 'without a password. Use 127.0.0.1, or set "allow_public": true if that is what you want.');
  }
  return mistakes;
}

function clientSecret(source, file) {
  let secret;
  try {
    secret = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(source, [`"client_secret_file" cannot be read: ${file} (${error.code}).`]);
  }
  if (!/^[\x21-\x7e]{16,}$/.test(secret)) {
    throw new ConfigError(source, ['"client_secret_file" must hold at least 16 printable characters without spaces.']);
  }
  return secret;
}

/**
 * The configuration in `source`, complete and checked, with the client's secret read in as `client_secret`.
 * @throws {ConfigError} naming every mistake
 */
export function readConfig(source) {
  const values = parse(source);
  const mistakes = mistakesIn(values);
  if (mistakes.length) throw new ConfigError(source, mistakes);
  const folder = path.dirname(path.resolve(source));
  const defaults = Object.fromEntries(Object.entries(KEYS).map(([key, { otherwise }]) => [key, otherwise]));
  const config = { ...defaults, ...values };
  for (const key of ['client_secret_file', 'keys_file', 'stylesheet']) {
    if (config[key] !== null) config[key] = path.resolve(folder, config[key]);
  }
  config.client_secret = clientSecret(source, config.client_secret_file);
  return Object.freeze(config);
}
