import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { SignedRequest } from '../../ports/identity.ts'
import type { GrantScope } from '../../ports/identity-service.ts'
import type { Now } from '../../ports/now.ts'
import { algorithm, canonicalRequest, readSignatureHeader } from './canonical-request.ts'
import type { Account, Directory } from './directory.ts'
import { onlyScope, scopeOf } from './grants.ts'
import type { SeenSignatures } from './seen-signatures.ts'

/** How far the date of a signed request may be from our clock, either way. */
export const windowMs = 15 * 60_000

interface Signer {
  readonly account: Account
  readonly scope: GrantScope
  readonly at: Date
}

interface Parts {
  readonly directory: Directory
  readonly seen: SeenSignatures
  readonly now: Now
}

/** Who signed the request, and for which project (see `Identity.callerOfSignature`). */
export type SignerOf = (request: SignedRequest, projectId: string | undefined) => Signer | undefined

export function openSignatures({ directory, seen, now }: Parts): SignerOf {
  // In place of an unknown key's secret, so that unknown keys take as long as wrong signatures.
  const nobody = randomBytes(32).toString('hex')
  return (request, projectId) => {
    const read = readSignatureHeader(request.headers.authorization ?? '')
    const date = request.headers['x-sdk-date'] ?? ''
    const at = readSdkDate(date)
    if (!read || !at || Math.abs(now().getTime() - at.getTime()) > windowMs) return undefined
    const canonical = canonicalRequest(request, read.signedHeaders)
    if (canonical === undefined) return undefined

    const key = directory.accessKey(read.ak)
    const toSign = `${algorithm}\n${date}\n${createHash('sha256').update(canonical).digest('hex')}`
    const expected = createHmac('sha256', key?.secret ?? nobody)
      .update(toSign)
      .digest()
    if (!timingSafeEqual(expected, read.signature) || !key?.account.user.enabled) return undefined

    const use = {
      reads: request.method === 'GET' || request.method === 'HEAD',
      now: now().getTime(),
      goodUntil: at.getTime() + windowMs,
    }
    if (!seen.accept(read.signature, use)) return undefined
    return { account: key.account, scope: wantedScope(directory, key.account, projectId ?? named(request)), at }
  }
}

/** The header is no part of what Go clients sign: it may choose among the owner's own projects, and nothing else. */
function named({ headers }: SignedRequest): string | undefined {
  return headers['x-project-id']
}

function wantedScope(directory: Directory, account: Account, projectId: string | undefined): GrantScope {
  const claim = projectId === undefined ? onlyScope(directory, account) : ({ kind: 'project', id: projectId } as const)
  return scopeOf(directory, account, claim) ?? { kind: 'none' }
}

/** `20261123T141554Z`; undefined for anything else, also for a day that is not in the calendar. */
function readSdkDate(text: string): Date | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (!parts) return undefined
  const [, year, month, day, hour, minute, second] = parts
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) || date.toISOString() !== iso ? undefined : date
}
