/** What a person types when asked. Questions go to stderr, so that what a command prints stays what it says. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { UsageFailure } from '../client/failures.ts'

export const isAsked = (): boolean => process.stdin.isTTY === true

/** `hidden`: what is typed is shown nowhere. */
export async function askFor(question: string, { hidden }: { readonly hidden: boolean }): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const output = hidden ? nowhere : process.stderr
  const screen = createInterface({ input: process.stdin, output, terminal: true })
  const given = new AbortController()
  process.stderr.write(`${question}: `) // now that the terminal no longer echoes
  screen.once('SIGINT', () => given.abort())
  screen.once('close', () => given.abort())
  try {
    return await screen.question('', { signal: given.signal })
  } catch (cause) {
    throw new UsageFailure(`no ${question.toLowerCase()} was given`, { cause })
  } finally {
    screen.close()
    if (hidden) process.stderr.write('\n')
  }
}

/** The first line of what is piped in. */
export async function firstLine(): Promise<string> {
  return (await text(process.stdin)).split(/\r?\n/, 1)[0] ?? ''
}
