/**
 * The session between two commands: `$XDG_CONFIG_HOME/opencbr/session.json`, for its owner's eyes only. It has the token
 * and never a password.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ClientFailure } from './failures.ts'
import { onDisk } from './files.ts'
import type { Session } from './session.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const folderOf = ({ XDG_CONFIG_HOME }: Environment): string =>
  join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'opencbr')

const fileOf = (environment: Environment): string => join(folderOf(environment), 'session.json')

/** Whole or not at all, whoever looks meanwhile. */
export async function keepSession(environment: Environment, session: Session): Promise<string> {
  const file = fileOf(environment)
  const next = `${file}.${process.pid}`
  return onDisk(async () => {
    await mkdir(folderOf(environment), { recursive: true, mode: 0o700 })
    await writeFile(next, `${JSON.stringify(session, undefined, 2)}\n`, { mode: 0o600 })
    await rename(next, file)
    return file
  })
}

/** Undefined where nobody has signed in. */
export async function keptSession(environment: Environment): Promise<Session | undefined> {
  const file = fileOf(environment)
  const text = await onDisk(() => readFile(file, 'utf8').catch(missingIsFine))
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ClientFailure(`${file} is damaged`, { next: 'sign in again: opencbr login', cause })
  }
}

export const forgetSession = (environment: Environment): Promise<void> =>
  onDisk(() => rm(fileOf(environment), { force: true }))

function missingIsFine(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
