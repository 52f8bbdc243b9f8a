/**
 * The issuer's own keys, made at the first start and kept in one file that only its owner can read:
 * `jwks` signs ID tokens (RS256), `cookies` signs the cookies of the sign-in page.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { ConfigError } from './config.mjs';

function makeKeys() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' };
  return { jwks: { keys: [jwk] }, cookies: [randomBytes(32).toString('base64url')] };
}

function read(file) {
  let raw;
  try {
    raw = readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw new ConfigError(file, [`The keys cannot be read (${error.code}).`]);
  }
  try {
    const { jwks, cookies } = JSON.parse(raw);
    if (jwks.keys.length > 0 && cookies.length > 0) return { jwks, cookies };
  } catch {
    // said below
  }
  throw new ConfigError(file, ['These are no keys of the demo issuer. Move the file away, and new keys are made at the next start.']);
}

/** The keys in `file`; made, with mode 0600 and never half-written, if there is no such file. */
export function loadKeys(file) {
  const found = read(file);
  if (found) return found;
  const draft = `${file}.${process.pid}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, JSON.stringify(makeKeys()), { mode: 0o600, flag: 'wx' });
    linkSync(draft, file); // unlike a rename, this never replaces keys that another start has just made
  } catch (error) {
    if (error.code !== 'EEXIST') throw new ConfigError(file, [`The keys cannot be written (${error.code}).`]);
  } finally {
    rmSync(draft, { force: true });
  }
  return read(file);
}
