/**
 * Calls methods of a Python client from TypeScript: one line of JSON in, one out. The scenarios stay in TypeScript; of
 * Python there is only what hands a call to the client, since nothing else can drive a Python library as it is.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

// biome-ignore lint/suspicious/noExplicitAny: answers of all operations; each use says what it reads
export type Answer = any

/** The service refused the call, as the client understood it. */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  constructor({ status, code, message }: { readonly status: number; readonly code: string; readonly message: string }) {
    super(`${status} ${code}: ${message}`)
    this.status = status
    this.code = code
  }
}

export interface Bridge extends AsyncDisposable {
  /** Rejects with `Refused`, or with an Error that holds Python's own words. One call at a time. */
  call(name: string, wanted?: object): Promise<Answer>
}

export interface BridgeParts {
  readonly python: string
  /** Defines `call(name, wanted)`, which returns something that JSON can hold, and `refusal(error)`. */
  readonly program: string
  /** Handed to the program as JSON, `settings`. */
  readonly settings: object
  readonly folder: string
}

const LOOP = `
import json, sys, traceback
settings = json.loads(sys.argv[1])
PROGRAM
for line in sys.stdin:
    try:
        answer = {'answer': call(*json.loads(line))}
    except Exception as error:
        answer = {'refused': refusal(error), 'trace': traceback.format_exc()}
    print(json.dumps(answer, default=str), flush=True)
`

export async function openBridge({ python, program, settings, folder }: BridgeParts): Promise<Bridge> {
  const words = ['-W', 'ignore', '-c', LOOP.replace('PROGRAM', () => program), JSON.stringify(settings)]
  const env = { PATH: process.env.PATH ?? '', HOME: folder }
  const child = spawn(python, words, { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async call(name, wanted = {}) {
      child.stdin.write(`${JSON.stringify([name, wanted])}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error(`the Python program ended at ${name}`)
      const { answer, refused, trace } = JSON.parse(value)
      if (refused) throw new Refused(refused)
      if (trace) throw new Error(`${name} ${JSON.stringify(wanted)}: ${trace}`)
      return answer
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'close')
      child.stdin.end()
      if (child.exitCode === null) await ended
    },
  }
}
