/** What a change and a read promise, whatever runs beside them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog, Records } from '../../ports/catalog/catalog.ts'
import { Fault } from '../../ports/fault.ts'
import { aBackup, aMember, anAudit, aProject, aResource, at, aVault } from './samples.ts'

export interface Catalogs {
  readonly one: Catalog
  /** A second instance on the same rows where the engine allows one, else the same. */
  readonly other: Catalog
}

const ALL = { limit: 1000, offset: 0 }
const MOST_MEMBERS = 10

export function transactionTests(catalogs: () => Catalogs): void {
  atomicityTests(catalogs)
  misuseTests(catalogs)
  isolationTests(catalogs)
  raceTests(catalogs)
}

function atomicityTests(catalogs: () => Catalogs): void {
  test('a change that throws leaves nothing, and takes nobody with it', async () => {
    const { one } = catalogs()
    const project = aProject()
    const kept = [aVault(project), aVault(project)]
    const given = new Error('given up')
    const results = await Promise.allSettled([
      ...kept.map(vault => one.change(({ vaults }) => vaults.insert(vault))),
      one.change(async ({ vaults }) => {
        await vaults.insert(aVault(project))
        throw given
      }),
      one.change(async ({ vaults }) => {
        await vaults.insert(aVault(project))
        await vaults.insert(aVault(project, { id: kept[0]?.id ?? '' }))
      }),
    ])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'rejected'],
    )
    assert.equal(results[2]?.status === 'rejected' && results[2].reason, given)
    const { rows } = await one.read(({ vaults }) => vaults.list(project, {}, ALL))
    assert.deepEqual(new Set(rows.map(({ id }) => id)), new Set(kept.map(({ id }) => id)))
  })

  test('a statement that failed dooms its change, even if the work goes on', async () => {
    const { one } = catalogs()
    const vault = aVault(aProject())
    await one.change(({ vaults }) => vaults.insert(vault))
    const change = one.change(async ({ vaults, tags }) => {
      await tags.put([{ vaultId: vault.id, key: 'k', value: 'v' }], vault.projectId)
      await assert.rejects(vaults.insert(vault))
      return 'well'
    })
    await assert.rejects(change)
    assert.deepEqual(await one.read(({ tags }) => tags.of([vault.id])), [])
  })
}

function misuseTests(catalogs: () => Catalogs): void {
  test('nothing is written or locked in a read', async () => {
    const { one } = catalogs()
    const vault = aVault(aProject())
    await one.change(({ vaults }) => vaults.insert(vault))
    const writes: ((records: Records) => Promise<unknown>)[] = [
      ({ vaults }) => vaults.insert(aVault(vault.projectId)),
      ({ vaults }) => vaults.update(vault.id, { name: 'other' }),
      ({ vaults }) => vaults.remove(vault.id),
      ({ vaults }) => vaults.lock(vault.projectId, vault.id),
      ({ resources }) => resources.put(aResource(vault)),
    ]
    for (const write of writes) await assert.rejects(one.read(write), /inside a read/)
    assert.deepEqual(await one.read(({ vaults }) => vaults.list(vault.projectId, {}, ALL)), { rows: [vault], total: 1 })
  })

  test('misuse is refused instead of waiting for ever', async () => {
    const { one } = catalogs()
    const inner = () => one.read(({ vaults }) => vaults.find('', ''))
    await assert.rejects(one.change(inner), /a transaction inside a transaction/)
    await assert.rejects(one.read(inner), /a transaction inside a transaction/)
    const late = await one.change(async ({ vaults }) => vaults)
    await assert.rejects(late.find('', ''), /after the end of its transaction/)
  })

  test('a text that no engine keeps is refused', async () => {
    const { one } = catalogs()
    await assert.rejects(
      one.read(({ backups }) => backups.find('a\0b')),
      { code: '9900' },
    )
    await assert.rejects(
      one.change(({ audits }) => audits.append(anAudit('p', { userName: '\0' }))),
      { code: '9900' },
    )
  })

  test('it answers that it is ready', () => catalogs().one.ready())
}

function isolationTests(catalogs: () => Catalogs): void {
  test('rows are seen when they are committed, not before', async () => {
    const { one, other } = catalogs()
    const vault = aVault(aProject())
    const written = Promise.withResolvers<void>()
    const mayEnd = Promise.withResolvers<void>()
    const change = one.change(async ({ vaults }) => {
      await vaults.insert(vault)
      written.resolve()
      await mayEnd.promise
    })
    await written.promise
    for (const catalog of [one, other]) {
      assert.equal(await catalog.read(({ vaults }) => vaults.find(vault.projectId, vault.id)), undefined)
    }
    mayEnd.resolve()
    await change
    for (const catalog of [one, other]) {
      assert.deepEqual(await catalog.read(({ vaults }) => vaults.find(vault.projectId, vault.id)), vault)
    }
  })

  test('a read has one view from its first question on', async () => {
    const { one, other } = catalogs()
    const vault = aVault(aProject())
    const looked = Promise.withResolvers<void>()
    const changed = Promise.withResolvers<void>()
    const read = one.read(async ({ vaults }) => {
      const before = await vaults.list(vault.projectId, {}, ALL)
      looked.resolve()
      await changed.promise
      return [before, await vaults.list(vault.projectId, {}, ALL)]
    })
    await looked.promise
    await other.change(({ vaults }) => vaults.insert(vault))
    changed.resolve()
    const none = { rows: [], total: 0 }
    assert.deepEqual(await read, [none, none])
    assert.equal((await one.read(({ vaults }) => vaults.list(vault.projectId, {}, ALL))).total, 1)
  })
}

function raceTests(catalogs: () => Catalogs): void {
  test('increments that race lose nothing, locked or not', async () => {
    const { one, other } = catalogs()
    const vault = aVault(aProject(), { sizeGb: 1 })
    await one.change(({ vaults }) => vaults.insert(vault))
    const increment = (n: number) =>
      (n % 2 ? one : other).change(async ({ vaults }) => {
        const ask = n % 3 ? vaults.lock : vaults.find
        const before = await ask(vault.projectId, vault.id)
        await vaults.update(vault.id, { sizeGb: (before?.sizeGb ?? 0) + 1 })
      })
    await Promise.all(Array.from({ length: 24 }, (_, n) => increment(n)))
    assert.equal((await one.read(({ vaults }) => vaults.find(vault.projectId, vault.id)))?.sizeGb, 25)
  })

  test('a limit that is counted before each insert holds', async () => {
    const { one, other } = catalogs()
    const vault = aVault(aProject())
    const backup = aBackup(vault)
    await one.change(async ({ vaults, backups }) => {
      await vaults.insert(vault)
      await backups.insert([backup])
    })
    const share = (n: number) =>
      (n % 2 ? one : other).change(async ({ backups, members }) => {
        // Every third one does without the lock: the transaction alone has to keep the limit, too.
        if (n % 3) await backups.lock(backup.id)
        if ((await members.of(backup.id)).length >= MOST_MEMBERS) throw new Error('the limit is reached')
        await members.insert([aMember(backup)])
      })
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => share(n)))
    const reasons = results.flatMap(result => (result.status === 'rejected' ? [String(result.reason)] : []))
    assert.deepEqual(reasons, Array(10).fill('Error: the limit is reached'))
    assert.equal((await one.read(({ members }) => members.of(backup.id))).length, MOST_MEMBERS)
  })

  test('of two that check first and insert the same, the second sees the first', async () => {
    const { one, other } = catalogs()
    const vault = aVault(aProject())
    const backup = aBackup(vault)
    await one.change(async ({ vaults, backups }) => {
      await vaults.insert(vault)
      await backups.insert([backup])
    })
    const recipient = aProject()
    const share = (catalog: Catalog) =>
      catalog.change(async ({ members }) => {
        if (await members.find(backup.id, recipient)) return 'shared already'
        await members.insert([aMember(backup, { destProjectId: recipient })])
        return 'shared'
      })
    const answers = await Promise.all([one, other, one, other].map(share))
    assert.deepEqual(answers.sort(), ['shared', 'shared already', 'shared already', 'shared already'])
  })

  test('workers that claim at once never get the same job', async () => {
    const { one, other } = catalogs()
    const jobs = Array.from({ length: 12 }, () => ({
      id: crypto.randomUUID(),
      kind: 'remove-disk' as const,
      projectId: 'p',
      payload: {},
      createdAt: at(0),
      runAfter: at(0),
      attempts: 0,
    }))
    await one.change(records => records.jobs.insert(jobs))
    const claims = await Promise.all(
      Array.from({ length: 15 }, (_, n) =>
        (n % 2 ? one : other).change(records => records.jobs.claim(`w${n}`, ['remove-disk'], at(1), at(2))),
      ),
    )
    const claimed = claims.flatMap(job => (job ? [job.id] : []))
    assert.deepEqual(claimed.sort(), jobs.map(({ id }) => id).sort())
  })
}

/** Run last: it closes. */
export function closingTests(catalogs: () => Catalogs): void {
  test('a close waits for what runs, and refuses what comes', async () => {
    const { one, other } = catalogs()
    const vault = aVault(aProject())
    const running = one.change(({ vaults }) => vaults.insert(vault))
    await Promise.all([one.close(), other.close(), one.close()])
    await running
    const closed = (error: unknown) => error instanceof Fault && error.kind === 'unavailable'
    await assert.rejects(
      one.change(async () => undefined),
      closed,
    )
    await assert.rejects(
      one.read(async () => undefined),
      closed,
    )
    await assert.rejects(one.ready(), closed)
  })
}
