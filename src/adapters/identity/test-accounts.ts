/** Accounts and a clock for the tests of this folder. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogIn, Session } from '../../ports/identity-service.ts'
import type { Log } from '../../ports/log.ts'
import { type EmbeddedIdentity, openEmbeddedIdentity } from './embedded.ts'
import type { IdentitySettings, UserSettings } from './settings.ts'

export const alpha = '0605767b5780d5762fc5c0118072a564'
export const beta = '075e6035d300d48c2fd0c00b78b71ebf'
export const start = new Date('2026-11-23T14:15:54.000Z')

export const alice: UserSettings = {
  name: 'alice',
  password: 'alice-secret',
  roles: { alpha: ['CBR FullAccess'] },
  accessKeys: [{ ak: 'AKALICE', sk: 'secret-of-alice' }],
}

export const bob: UserSettings = { name: 'bob', password: 'bob-secret', roles: { beta: ['member'] } }

/** Domain acme with projects alpha and beta, and whoever is given. */
export function acme(...users: readonly UserSettings[]): IdentitySettings {
  const projects = [
    { name: 'alpha', id: alpha },
    { name: 'beta', id: beta },
  ]
  return { domains: [{ name: 'acme', projects, users }] }
}

export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}

export interface Desk extends AsyncDisposable {
  readonly identity: EmbeddedIdentity
  /** Where the database lies. */
  readonly folder: string
  /** Moves the clock. */
  pass(ms: number): void
  /** Closes and opens again on the same files. */
  restart(settings: IdentitySettings): Promise<void>
}

export async function openDesk(settings: IdentitySettings, log: Log = silent): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), 'opencbr-identity-'))
  let at = start.getTime()
  const open = (now: IdentitySettings) =>
    openEmbeddedIdentity({
      file: join(folder, 'identity.db'),
      settings: now,
      region: 'local-1',
      now: () => new Date(at),
      log,
      passwordCost: { memoryKib: 64, passes: 1 },
    })
  let identity = await open(settings)
  return {
    get identity() {
      return identity
    },
    folder,
    pass(ms) {
      at += ms
    },
    async restart(next) {
      await identity.close()
      identity = await open(next)
    },
    async [Symbol.asyncDispose]() {
      await identity.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** A sign-in with name and password in acme; the scope is left to the service unless given. */
export function byPassword(name: string, password: string, rest: Partial<LogIn> = {}): LogIn {
  return {
    by: { method: 'password', user: { name, domain: { name: 'acme' } }, password },
    source: '192.0.2.1',
    ...rest,
  }
}

export async function signedIn(identity: EmbeddedIdentity, request: LogIn): Promise<Session> {
  const session = await identity.logIn(request)
  if (session === 'denied') throw new Error('the sign-in was denied')
  return session
}
