/** Runs a client's program to its end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface Run {
  readonly words: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly cwd: string
}

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** With a home of its own, so that no settings of whoever runs this reach the client. */
export async function attempt(program: string, { words, environment, cwd }: Run): Promise<Outcome> {
  const env = { PATH: process.env.PATH ?? '', HOME: cwd, LANG: 'C.UTF-8', ...environment }
  const child = spawn(program, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, err }
}

/** Its output; an Error with everything it said when it fails. */
export async function run(program: string, asked: Run): Promise<string> {
  const { code, out, err } = await attempt(program, asked)
  if (code !== 0) throw new Error(`${program} ${asked.words.join(' ')}: ended with ${code}\n${out}\n${err}`)
  return out
}
