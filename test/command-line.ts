/** `bin/opencbr` as a person or a script runs it: with an environment of its own, and a home that is nobody's. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../bin/opencbr', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export type Environment = Readonly<Record<string, string>>

/** `input` is piped in. */
export async function opencbr(environment: Environment, words: readonly string[], input = ''): Promise<Ended> {
  const { PATH, HOME, TMPDIR, XDG_CACHE_HOME } = process.env
  const env = { PATH, HOME, TMPDIR, XDG_CACHE_HOME, ...environment }
  const child = spawn(process.execPath, [program, ...words], { env, stdio: 'pipe' })
  child.stdin.end(input)
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, out, err }
}

/** What it prints for programs. */
// biome-ignore lint/suspicious/noExplicitAny: answers of many operations; each test says what it reads
export async function json(environment: Environment, ...words: readonly string[]): Promise<any> {
  const { code, out, err } = await opencbr(environment, [...words, '--output', 'json'])
  assert.equal(code, 0, `opencbr ${words.join(' ')}: ${err}`)
  assert.equal(err, '')
  return JSON.parse(out)
}

/** Ends with this code, says this, and prints nothing. */
export async function fails(
  environment: Environment,
  words: readonly string[],
  code: number,
  says: RegExp,
): Promise<string> {
  const ended = await opencbr(environment, words)
  assert.equal(ended.code, code, `opencbr ${words.join(' ')}: ${ended.out}${ended.err}`)
  assert.match(ended.err, says)
  assert.equal(ended.out, '')
  return ended.err
}
