/**
 * Objects kept by the store's own clock: object lock, in COMPLIANCE mode. GOVERNANCE has a way around for whoever is given
 * the permission for it, and so for the administrator that a locked vault is to hold out against.
 */
import { GetObjectRetentionCommand, type ObjectLockRetentionMode, PutObjectRetentionCommand } from '@aws-sdk/client-s3'
import { Fault } from '../../ports/fault.ts'
import type { Retention } from '../../ports/object-store.ts'
import { checkKey } from './key.ts'
import { type Bucket, each } from './s3-bucket.ts'
import { answerCode } from './s3-faults.ts'

/** AWS keeps for at most a hundred years, and Ceph counts seconds in 32 bits: what is later would be long over there. */
const FOR_EVER = Date.UTC(2100, 0)
/** What ended so lately may, by the store's clock, not have ended yet. */
const CLOCK_SLACK = 6 * 60_000

/** What stores answer of an object without a lock; the second is Ceph's word. */
const withoutLock = new Set(['NoSuchObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError'])

interface Lock {
  readonly mode: ObjectLockRetentionMode | undefined
  /** Milliseconds since 1970. */
  readonly end: number
}

const noLock: Lock = { mode: undefined, end: 0 }

export function s3Retention(bucket: Bucket): Retention {
  /** How the object is locked, and until when (0 without a lock). Fault `missing`. */
  const lockOf = (key: string): Promise<Lock> =>
    bucket.ask(`cannot ask how long object ${key} is kept`, async options => {
      try {
        const { Retention } = await bucket.client.send(new GetObjectRetentionCommand(bucket.object(key)), options)
        return { mode: Retention?.Mode, end: Retention?.RetainUntilDate?.getTime() ?? 0 }
      } catch (error) {
        if (withoutLock.has(answerCode(error) ?? '')) return noLock
        throw error
      }
    })
  const keepOne = async (key: string, until: number): Promise<void> => {
    const { mode, end } = await lockOf(key)
    const wanted = Math.min(until, FOR_EVER)
    // A lock of somebody else's that has a way around is not enough; the store refuses ours then, and that is told.
    if ((mode === 'COMPLIANCE' && end >= wanted) || wanted <= bucket.time()) return
    const RetainUntilDate = new Date(Math.ceil(wanted / 1000) * 1000) // stores count seconds
    await bucket.ask(`cannot keep object ${key}`, options =>
      bucket.client.send(
        new PutObjectRetentionCommand({ ...bucket.object(key), Retention: { Mode: 'COMPLIANCE', RetainUntilDate } }),
        options,
      ),
    )
  }
  return {
    async keep(keys, until) {
      keys.forEach(checkKey)
      await each(keys, key => keepOne(key, until))
    },
    async kept(keys) {
      keys.forEach(checkKey)
      const kept = new Set<string>()
      await each(keys, async key => {
        const { end } = await lockOf(key).catch(noneIfMissing)
        if (end > bucket.time() - CLOCK_SLACK) kept.add(key)
      })
      return kept
    },
  }
}

function noneIfMissing(error: unknown): Lock {
  if (error instanceof Fault && error.kind === 'missing') return noLock
  throw error
}
