import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { alice } from '../../test/desk.ts'
import { openWorkshop, type Workshop } from '../../test/workshop.ts'
import type { JobKind, JobRecord } from '../ports/catalog/job.ts'
import { Fault } from '../ports/fault.ts'
import { JobFailure } from './job-failure.ts'
import type { JobContext, JobType } from './job-ports.ts'
import { publish } from './publish.ts'
import { type RunnerOptions, startRunner } from './runner.ts'

const { projectId } = alice

/** Puts jobs of one kind into the catalog, each with an operation log. */
const put = async ({ ports }: Workshop, kind: JobKind, count = 1) => {
  const at = ports.now()
  const ids: string[] = []
  for (let times = 0; times < count; times += 1) {
    const id = crypto.randomUUID()
    ids.push(id)
    await ports.catalog.change(async ({ jobs, operationLogs }) => {
      await operationLogs.insert([
        {
          id,
          projectId,
          type: 'sync',
          status: 'waiting',
          createdAt: at,
          startedAt: at,
          updatedAt: at,
          errorCode: '',
          errorMessage: '',
          progress: 0,
          requestId: 'req-1',
          resource: { id: 'r', name: 'r', type: 'r' },
          detail: {},
        },
      ])
      await jobs.insert([
        { id, kind, projectId, payload: {}, operationLogId: id, createdAt: at, runAfter: at, attempts: 0 },
      ])
    })
  }
  return ids
}

const logOf = ({ ports }: Workshop, id: string) =>
  ports.catalog.read(({ operationLogs }) => operationLogs.find(projectId, id))
const openJobs = ({ ports }: Workshop) => ports.catalog.read(({ jobs }) => jobs.open())

type Work = (job: JobRecord, context: JobContext) => Promise<void>

/** A kind that does this and then publishes nothing but its success. */
const doing = (work: Work, given: Partial<JobType> = {}): JobType => ({
  lane: 'light',
  mostAttempts: 3,
  async run(ports, job, context) {
    await work(job, context)
    await publish(ports, job, context, async () => ({}))
  },
  ...given,
})

const start = (shop: Workshop, kind: JobKind, type: JobType, options: RunnerOptions = {}) =>
  startRunner(shop.ports, { lookEvery: 10, drainFor: 0, ...options, kinds: { [kind]: type } })

test('a job that cannot succeed is given up with its reason, in one transaction with its own cleaning up', async () => {
  await using shop = await openWorkshop()
  const [id = ''] = await put(shop, 'delete-vault')
  const seen: string[] = []
  const type = doing(() => Promise.reject(new JobFailure('6114', 'vault v is full')), {
    giveUp: async (_records, job, failure) => {
      seen.push(`${job.id} ${failure.code}`)
    },
  })
  const runner = start(shop, 'delete-vault', type)
  await runner.idle()
  await runner.stop()
  assert.deepEqual(seen, [`${id} BackupService.6114`])
  const log = await logOf(shop, id)
  assert.deepEqual(
    [log?.status, log?.errorCode, log?.errorMessage],
    ['failed', 'BackupService.6114', 'vault v is full'],
  )
  assert.ok(log?.endedAt)
  assert.deepEqual(await openJobs(shop), [])
})

test('a bug fails its job, is written down with its stack, and tells the tenant nothing', async () => {
  await using shop = await openWorkshop()
  const ids = await put(shop, 'delete-vault', 2)
  let times = 0
  const type = doing(async () => {
    times += 1
    if (times === 1) throw new TypeError('undefined is not a secret')
  })
  const runner = start(shop, 'delete-vault', type, { lanes: { light: 1 } })
  await runner.idle()
  await runner.stop()
  const logs = await Promise.all(ids.map(id => logOf(shop, id)))
  const log = logs.find(one => one?.status === 'failed')
  assert.equal(log?.errorCode, 'BackupService.9910')
  assert.doesNotMatch(log?.errorMessage ?? '', /secret/)
  assert.match(shop.complaints.join(), /TypeError: undefined is not a secret\n +at/)
  assert.ok(logs.some(one => one?.status === 'success'))
})

test('what fails for a time is tried again, later each time, and at last given up', async () => {
  await using shop = await openWorkshop()
  const [id = ''] = await put(shop, 'delete-vault')
  const tries: number[] = []
  const type = doing(job => {
    tries.push(job.attempts)
    return Promise.reject(new Fault('unavailable', 'no answer'))
  })
  const runner = start(shop, 'delete-vault', type)
  await runner.idle()
  assert.deepEqual(tries, [1])
  const [waiting] = await openJobs(shop)
  assert.equal(waiting?.claimedBy, undefined)
  shop.later(900)
  runner.wake()
  await runner.idle()
  assert.deepEqual(tries, [1])
  shop.later(200)
  runner.wake()
  await runner.idle()
  assert.deepEqual(tries, [1, 2])
  shop.later(2100)
  runner.wake()
  await runner.idle()
  await runner.stop()
  assert.deepEqual(tries, [1, 2, 3])
  assert.equal((await logOf(shop, id))?.status, 'failed')
  assert.deepEqual(await openJobs(shop), [])
})

test('a stop gives running jobs back at once; the next runner takes them up', async () => {
  await using shop = await openWorkshop()
  const [id = ''] = await put(shop, 'take-backup')
  const begun = Promise.withResolvers<void>()
  const patient = doing(
    async (_job, { signal }) => {
      begun.resolve()
      await pause(60_000, undefined, { signal })
    },
    { lane: 'backup' },
  )
  const runner = start(shop, 'take-backup', patient)
  await begun.promise
  assert.equal((await logOf(shop, id))?.status, 'running')
  await runner.stop()
  const [job] = await openJobs(shop)
  assert.deepEqual([job?.id, job?.claimedBy], [id, undefined])
  const quick = start(
    shop,
    'take-backup',
    doing(async () => undefined),
  )
  await quick.idle()
  await quick.stop()
  assert.equal((await logOf(shop, id))?.status, 'success')
})

test('a stop lets what is nearly done finish', async () => {
  await using shop = await openWorkshop()
  const [id = ''] = await put(shop, 'take-backup')
  const begun = Promise.withResolvers<void>()
  const type = doing(async () => {
    begun.resolve()
    await pause(50)
  })
  const runner = start(shop, 'take-backup', type, { drainFor: 10_000 })
  await begun.promise
  await runner.stop()
  assert.equal((await logOf(shop, id))?.status, 'success')
})

test('who loses the claim is told to stop, and publishes nothing', async () => {
  await using shop = await openWorkshop()
  const [id = ''] = await put(shop, 'take-backup')
  const begun = Promise.withResolvers<void>()
  const stopped = Promise.withResolvers<unknown>()
  const stubborn = doing(async (_job, { signal }) => {
    begun.resolve()
    signal.addEventListener('abort', () => stopped.resolve(signal.reason))
    await stopped.promise
  })
  const runner = start(shop, 'take-backup', stubborn, { claimFor: 60 })
  await begun.promise
  await shop.ports.catalog.change(({ jobs }) => jobs.dropClaims('worker/'))
  await shop.ports.catalog.change(({ jobs }) =>
    jobs.claim('thief', ['take-backup'], shop.ports.now(), new Date(shop.ports.now().getTime() + 1e6)),
  )
  assert.match(String(await stopped.promise), /claim of job .* was lost/)
  await runner.stop()
  assert.equal((await logOf(shop, id))?.status, 'running')
  assert.equal((await openJobs(shop))[0]?.claimedBy, 'thief')
})

test('a claim is renewed while its job runs', async () => {
  await using shop = await openWorkshop()
  await put(shop, 'take-backup')
  let runs = 0
  const type = doing(async () => {
    runs += 1
    await pause(400)
  })
  const runners = [1, 2, 3].map(() => start(shop, 'take-backup', type, { claimFor: 120, drainFor: 10_000 }))
  await Promise.all(runners.map(runner => runner.idle()))
  await Promise.all(runners.map(runner => runner.stop()))
  assert.equal(runs, 1)
})

test('several runners share the work: each job is done once, lanes hold in each of them', async () => {
  await using shop = await openWorkshop()
  const ids = await put(shop, 'delete-backup', 40)
  const done: string[] = []
  let now = 0
  let most = 0
  const type = doing(async job => {
    now += 1
    most = Math.max(most, now)
    await pause(2)
    done.push(job.id)
    now -= 1
  })
  const runners = [1, 2, 3].map(() => start(shop, 'delete-backup', type, { lanes: { light: 2 } }))
  while (done.length < ids.length) await pause(5)
  await Promise.all(runners.map(runner => runner.idle()))
  await Promise.all(runners.map(runner => runner.stop()))
  assert.deepEqual([...done].sort(), [...ids].sort())
  assert.ok(most <= 6 && most > 1, `${most} at once`)
})

test('a long job of one lane does not hold up another lane', async () => {
  await using shop = await openWorkshop()
  const [slow = ''] = await put(shop, 'take-backup')
  const [quick = ''] = await put(shop, 'delete-backup')
  const free = Promise.withResolvers<void>()
  const runner = startRunner(shop.ports, {
    drainFor: 10_000,
    lanes: { backup: 1, light: 1 },
    kinds: {
      'take-backup': doing(() => free.promise, { lane: 'backup' }),
      'delete-backup': doing(async () => undefined),
    },
  })
  while ((await logOf(shop, quick))?.status !== 'success') await pause(5)
  assert.equal((await logOf(shop, slow))?.status, 'running')
  free.resolve()
  await runner.stop()
  assert.equal((await logOf(shop, slow))?.status, 'success')
})

test('a job that takes its process down again and again is given up', async () => {
  await using shop = await openWorkshop()
  const [id = ''] = await put(shop, 'take-backup')
  for (let times = 0; times < 30; times += 1) {
    await shop.ports.catalog.change(({ jobs }) =>
      jobs.claim('worker/x', ['take-backup'], shop.ports.now(), shop.ports.now()),
    )
    shop.later(1)
  }
  let runs = 0
  const type = doing(async () => {
    runs += 1
  })
  const runner = start(shop, 'take-backup', type)
  await runner.idle()
  await runner.stop()
  assert.equal(runs, 0)
  assert.match((await logOf(shop, id))?.errorMessage ?? '', /always cut short/)
})

test('progress reaches the operation log, and never exceeds 99 before the end', async () => {
  await using shop = await openWorkshop()
  const [id = ''] = await put(shop, 'take-backup')
  const seen: (number | undefined)[] = []
  const type = doing(async (_job, { progress }) => {
    await pause(1000)
    progress(41.7)
    progress(250)
    await pause(50)
    seen.push((await logOf(shop, id))?.progress)
  })
  const runner = start(shop, 'take-backup', type, { drainFor: 10_000 })
  await runner.idle()
  await runner.stop()
  assert.deepEqual(seen, [41])
  assert.equal((await logOf(shop, id))?.progress, 100)
})

test('a catalog that fails for a moment stops nothing', async () => {
  await using shop = await openWorkshop()
  const [id = ''] = await put(shop, 'take-backup')
  let failures = 3
  const { catalog } = shop.ports
  const change: typeof catalog.change = work => {
    failures -= 1
    return failures >= 0 ? Promise.reject(new Fault('unavailable', 'no answer')) : catalog.change(work)
  }
  const ports = { ...shop.ports, catalog: { ...catalog, change } }
  const type = doing(async () => undefined)
  const runner = startRunner(ports, { lookEvery: 5, drainFor: 10_000, kinds: { 'take-backup': type } })
  while ((await logOf(shop, id))?.status !== 'success') await pause(5)
  await runner.stop()
})
