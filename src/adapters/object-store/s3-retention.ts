/**
 * Objects kept by the store's own clock: object lock, in COMPLIANCE mode. GOVERNANCE has a way around for whoever is given
 * the permission for it, and so for the administrator that a locked vault is to hold out against.
 */
import { GetObjectRetentionCommand, PutObjectRetentionCommand } from '@aws-sdk/client-s3'
import { Fault } from '../../ports/fault.ts'
import type { Retention } from '../../ports/object-store.ts'
import { checkKey } from './key.ts'
import { type Bucket, each } from './s3-bucket.ts'
import { answerCode } from './s3-faults.ts'

const DAY = 86_400_000
/** Stores keep for at most a hundred years. */
const FOR_EVER = 36_499 * DAY
/** An end so little before that one is `for ever`, too: asking again shall not prolong it each time. */
const FOR_EVER_SLACK = 365 * DAY
/** What ended so lately may, by the store's clock, not have ended yet. */
const CLOCK_SLACK = 6 * 60_000

export function s3Retention(bucket: Bucket): Retention {
  /** When the object's lock ends, 0 without one. Fault `missing`. */
  const endOf = (key: string): Promise<number> =>
    bucket.ask(`cannot ask how long object ${key} is kept`, async options => {
      try {
        const { Retention } = await bucket.client.send(new GetObjectRetentionCommand(bucket.object(key)), options)
        return Retention?.RetainUntilDate?.getTime() ?? 0
      } catch (error) {
        if (answerCode(error) === 'NoSuchObjectLockConfiguration') return 0
        throw error
      }
    })
  const keepOne = async (key: string, until: number): Promise<void> => {
    const end = await endOf(key)
    const now = bucket.time()
    const wanted = Math.min(until, now + FOR_EVER)
    if (end >= wanted - (until > wanted ? FOR_EVER_SLACK : 0) || wanted <= now) return
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
        if ((await endOf(key).catch(zeroIfMissing)) > bucket.time() - CLOCK_SLACK) kept.add(key)
      })
      return kept
    },
  }
}

function zeroIfMissing(error: unknown): number {
  if (error instanceof Fault && error.kind === 'missing') return 0
  throw error
}
