import { decline } from '../contract/openstack-refusal.ts'

const bad = (): never => decline(400, `Invalid input received: metadata must be as {'key': 'value'}`)

const TEXT = String.raw`u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")`
const PAIR = String.raw`${TEXT}\s*:\s*${TEXT}\s*`
/** No two parts of it can take the same blanks, so that a long wrong text is refused as fast as a right one is read. */
const PAIRS = new RegExp(String.raw`^\s*\{\s*(?:${PAIR}(?:,\s*${PAIR})*(?:,\s*)?)?\}\s*$`, 's')

/**
 * The pairs of a `metadata` filter, of which a volume has all. Cinder evaluates it as Python, and OpenStack's clients
 * send what Python prints of a dictionary (`{'k': 'v'}`, in old ones `{u'k': u'v'}`); JSON is one form of it.
 */
export function metadataAsked(text: string): ReadonlyMap<string, string> {
  if (!PAIRS.test(text)) bad()
  const texts = Array.from(text.matchAll(new RegExp(TEXT, 'gs')), ([quoted]) => unquoted(quoted))
  return new Map(texts.flatMap((key, at) => (at % 2 === 0 ? [[key, texts[at + 1] ?? '']] : [])))
}

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs

const letters: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

/** The escapes that Python prints and JSON has. */
const unquoted = (quoted: string): string =>
  quoted
    .replace(/^u/, '')
    .slice(1, -1)
    .replaceAll(ESCAPE, (_, x?: string, u?: string, U?: string, letter = '') => {
      const digits = x ?? u ?? U
      if (digits === undefined) return letters[letter] ?? (/[\\'"/]/.test(letter) ? letter : bad())
      const point = Number.parseInt(digits, 16)
      return point > 0x10ffff ? bad() : String.fromCodePoint(point)
    })
