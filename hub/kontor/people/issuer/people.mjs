/** The made-up people of the demo, from personas.json: who they are, and the claims that Life Science Login would send. */
import { readFileSync } from 'node:fs';

const FILE = new URL('personas.json', import.meta.url);
const COUNTRY = new Intl.DisplayNames('en', { type: 'region' });

function complete(persona) {
  const { id, subject, name, claims } = persona;
  if (claims.sub !== subject || claims.name !== name) {
    throw new Error(`personas.json: ${id}: subject and name must equal sub and name of the claims`);
  }
  const initials = name.split(' ').map((word) => word[0]).join('');
  return Object.freeze({ ...persona, initials, place: COUNTRY.of(persona.country) });
}

/** All personas in the order of the page. */
export const personas = Object.freeze(JSON.parse(readFileSync(FILE, 'utf8')).personas.map(complete));

const byId = new Map(personas.map((persona) => [persona.id, persona]));
const bySubject = new Map(personas.map((persona) => [persona.subject, persona]));

/** The persona with this id, or undefined. */
export const personaById = (id) => byId.get(id);

/** The persona whose `sub` this is, or undefined. */
export const personaBySubject = (subject) => bySubject.get(subject);
