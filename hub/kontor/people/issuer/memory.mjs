/**
 * Where the provider keeps sign-ins under way and the tokens it gave: in memory, with an end date, bounded.
 *
 * A restart forgets them all, on purpose: Kontor reads a person's claims once, at sign-in, and keeps no token.
 * The interface is oidc-provider's `Adapter`.
 */
const MOST = 20_000;
const entries = new Map();

function fresh(key, now = Date.now()) {
  const entry = entries.get(key);
  if (entry && entry.end <= now) {
    entries.delete(key);
    return undefined;
  }
  return entry?.payload;
}

function makeRoom(now = Date.now()) {
  for (const [key, { end }] of entries) if (end <= now) entries.delete(key);
  for (const key of entries.keys()) {
    if (entries.size < MOST) break;
    entries.delete(key);
  }
}

/** One kind of thing (session, code, token) of the provider. */
export class MemoryAdapter {
  constructor(kind) {
    this.kind = kind;
  }

  key(id) {
    return `${this.kind}:${id}`;
  }

  async upsert(id, payload, seconds) {
    if (entries.size >= MOST) makeRoom();
    const key = this.key(id);
    entries.delete(key);
    entries.set(key, { payload, end: Date.now() + (seconds ?? 3600) * 1000 });
  }

  async find(id) {
    return fresh(this.key(id));
  }

  async findByUid(uid) {
    return this.firstWhere((payload) => payload.uid === uid);
  }

  async findByUserCode(userCode) {
    return this.firstWhere((payload) => payload.userCode === userCode);
  }

  async consume(id) {
    const payload = fresh(this.key(id));
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    entries.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const [key, { payload }] of entries) {
      if (key.startsWith(this.key('')) && payload.grantId === grantId) entries.delete(key);
    }
  }

  firstWhere(matches) {
    for (const [key, { payload }] of entries) {
      if (key.startsWith(this.key('')) && matches(payload)) return fresh(key);
    }
    return undefined;
  }
}
