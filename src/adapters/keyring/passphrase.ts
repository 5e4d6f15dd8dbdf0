import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { Fault } from '../../ports/fault.ts'
import { systemFault } from '../../ports/system-fault.ts'

/**
 * Where the passphrase of the master key comes from: itself, a variable of the environment, a file, or what a command
 * prints (a key agent, a TPM, a cloud's secret store), started without a shell. One line end is not part of it.
 */
export type PassphraseSource =
  | { readonly text: string }
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly [string, ...string[]] }

const commandSeconds = 30

/** Fault `denied` when there is none to be had there, or an empty one. */
export async function readPassphrase(source: PassphraseSource): Promise<string> {
  const passphrase = (await from(source)).replace(/\r?\n$/, '')
  if (passphrase === '') throw new Fault('denied', `the passphrase of the master key is empty (${place(source)})`)
  return passphrase
}

async function from(source: PassphraseSource): Promise<string> {
  if ('text' in source) return source.text
  if ('env' in source) return process.env[source.env] ?? ''
  try {
    if ('file' in source) return await readFile(source.file, 'utf8')
    const [program, ...words] = source.command
    return (await promisify(execFile)(program, words, { timeout: commandSeconds * 1000 })).stdout
  } catch (error) {
    if ('file' in source) throw systemFault('cannot read the passphrase of the master key', error)
    // The command's output may hold the passphrase: neither it nor the error that carries it goes any further.
    throw new Fault('denied', `${place(source)} did not give the passphrase of the master key (${howItEnded(error)})`)
  }
}

function place(source: PassphraseSource): string {
  if ('text' in source) return 'as configured'
  if ('env' in source) return `variable ${source.env}`
  return 'file' in source ? `file ${source.file}` : `the key command ${source.command[0]}`
}

function howItEnded(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason known'
  if ('killed' in error && error.killed === true) return `stopped after ${commandSeconds} s`
  return 'code' in error ? `code ${String(error.code)}` : error.name
}
