/** The promises of policies, where they are applied, and what has aged. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { aBackup, anApplied, aPolicy, aProject, aResource, at, aVault } from './samples.ts'
import type { Catalogs } from './suite-transactions.ts'

export function policyTests(catalogs: () => Catalogs): void {
  definitions(catalogs)
  applications(catalogs)
  dueTimes(catalogs)
  agingTests(catalogs)
  takenTests(catalogs)
}

function definitions(catalogs: () => Catalogs): void {
  test('policies: what was sent is found word for word, in its project only, newest first', async () => {
    const project = aProject()
    const plain = aPolicy(project)
    const full = aPolicy(project, {
      operationType: 'replication',
      patterns: ['FREQ=WEEKLY;BYDAY=MO;BYHOUR=02;BYMINUTE=00', 'FREQ=DAILY;BYHOUR=14;BYMINUTE=00'],
      startWindowMinutes: 90,
      enabled: false,
      createdAt: at(20),
      definition: {},
    })
    const { one } = catalogs()
    await one.change(async ({ policies }) => {
      for (const policy of [plain, full]) await policies.insert(policy)
    })
    await one.read(async ({ policies }) => {
      assert.deepEqual(await policies.find(project, plain.id), plain)
      assert.equal(await policies.find(aProject(), plain.id), undefined)
      assert.deepEqual(await policies.list(project, {}), [full, plain])
      assert.deepEqual(await policies.list(project, { operationType: 'backup' }), [plain])
      assert.deepEqual(await policies.list(aProject(), {}), [])
    })
    await one.change(async ({ policies }) => {
      assert.deepEqual(await policies.lock(project, full.id), full)
      await policies.update(full.id, { name: 'other', startWindowMinutes: null, updatedAt: at(30) })
      const { startWindowMinutes: _off, ...rest } = full
      assert.deepEqual(await policies.find(project, full.id), { ...rest, name: 'other', updatedAt: at(30) })
      await policies.remove(full.id)
      assert.equal(await policies.find(project, full.id), undefined)
    })
  })
}

function applications(catalogs: () => Catalogs): void {
  test('applied policies: one of a type per vault; they go with the vault, and keep the policy', async () => {
    const project = aProject()
    const [vault, other] = [aVault(project), aVault(project, { createdAt: at(1) })]
    const [nightly, weekly, copies] = [
      aPolicy(project),
      aPolicy(project),
      aPolicy(project, { operationType: 'replication' }),
    ]
    const { one } = catalogs()
    await one.change(async ({ vaults, policies, appliedPolicies }) => {
      for (const each of [vault, other]) await vaults.insert(each)
      for (const each of [nightly, weekly, copies]) await policies.insert(each)
      await appliedPolicies.put(anApplied(nightly, vault, { nextDue: at(60) }))
      const destination = anApplied(copies, vault, { destinationVaultId: randomUUID() })
      await appliedPolicies.put(destination)
      const again = anApplied(weekly, vault, { lastDue: at(59), nextDue: at(99) })
      await appliedPolicies.put(again)
      await appliedPolicies.put(anApplied(weekly, other))
      assert.deepEqual(await appliedPolicies.inVaults([vault.id]), [again, destination])
      assert.deepEqual(
        (await appliedPolicies.of([weekly.id])).map(({ vaultId }) => vaultId).sort(),
        [vault.id, other.id].sort(),
      )
      assert.deepEqual(await appliedPolicies.of([nightly.id]), [])
      assert.deepEqual(
        (await policies.list(project, { vaultId: vault.id })).map(({ id }) => id).sort(),
        [copies.id, weekly.id].sort(),
      )
      const page = { limit: 10, offset: 0 }
      assert.deepEqual((await vaults.list(project, { policyId: weekly.id }, page)).rows, [other, vault])
      assert.deepEqual((await vaults.list(project, { policyId: nightly.id }, page)).rows, [])
      await appliedPolicies.remove({ vaultId: vault.id, operationType: 'replication' })
      assert.deepEqual(await appliedPolicies.inVaults([vault.id]), [again])
    })
    await assert.rejects(
      one.change(({ policies }) => policies.remove(weekly.id)),
      'it is applied',
    )
    await one.change(async ({ vaults, policies, appliedPolicies }) => {
      await vaults.remove(other.id)
      assert.equal((await appliedPolicies.of([weekly.id])).length, 1)
      await appliedPolicies.remove({ policyId: weekly.id })
      await policies.remove(weekly.id)
      assert.deepEqual(await appliedPolicies.inVaults([vault.id]), [])
    })
  })
}

function dueTimes(catalogs: () => Catalogs): void {
  test('a due time is dealt with by one caller only', async () => {
    const project = aProject()
    const [early, late, off] = [aVault(project), aVault(project), aVault(project)]
    const policy = aPolicy(project)
    const { one, other } = catalogs()
    await one.change(async ({ vaults, policies, appliedPolicies }) => {
      for (const each of [early, late, off]) await vaults.insert(each)
      await policies.insert(policy)
      await appliedPolicies.put(anApplied(policy, late, { nextDue: at(61) }))
      await appliedPolicies.put(anApplied(policy, early, { nextDue: at(60) }))
      await appliedPolicies.put(anApplied(policy, off))
    })
    const dueAt = async (minutes: number) => {
      const all = await one.read(({ appliedPolicies }) => appliedPolicies.due('backup', at(minutes)))
      return all.filter(({ projectId }) => projectId === project).map(({ vaultId }) => vaultId)
    }
    assert.deepEqual(await dueAt(59), [])
    assert.deepEqual(await dueAt(60), [early.id])
    assert.deepEqual(await dueAt(100), [early.id, late.id])
    assert.deepEqual(await one.read(({ appliedPolicies }) => appliedPolicies.due('replication', at(100))), [])
    const claim = { vaultId: early.id, operationType: 'backup', policyId: policy.id, nextDue: at(60) } as const
    const to = { lastDue: at(60), nextDue: at(120) }
    const won = await Promise.all(
      [one, other, one, other].map(catalog =>
        catalog.change(({ appliedPolicies }) => appliedPolicies.advance(claim, to)),
      ),
    )
    assert.deepEqual(won.filter(Boolean), [true])
    const [applied] = await one.read(({ appliedPolicies }) => appliedPolicies.inVaults([early.id]))
    assert.deepEqual(applied, anApplied(policy, early, to))
    const stale = { ...claim, policyId: randomUUID(), nextDue: at(120) }
    assert.equal(await one.change(({ appliedPolicies }) => appliedPolicies.advance(stale, to)), false)
    await one.change(({ appliedPolicies }) => appliedPolicies.schedule(policy.id, at(200)))
    assert.deepEqual(await dueAt(199), [])
    await one.change(({ appliedPolicies }) => appliedPolicies.schedule(policy.id, undefined))
    assert.deepEqual(await dueAt(1000), [])
  })
}

function agingTests(catalogs: () => Catalogs): void {
  test('aging: expired and long failed ones, page by page', async () => {
    const vault = aVault(aProject())
    // Long before those of any other test: a walk over all projects begins with them.
    const past = (minutes: number) => new Date(Date.UTC(2001, 0, 1) + minutes * 60_000)
    const expired = [3, 1, 2, 2].map(n =>
      aBackup(vault, { expiredAt: past(n), status: n === 3 ? 'error' : 'available' }),
    )
    const failed = [2, 1].map(n => aBackup(vault, { createdAt: past(n), autoTrigger: true, status: 'error' }))
    const others = [
      aBackup(vault, { expiredAt: past(1), status: 'deleting' }),
      aBackup(vault, { expiredAt: past(1), parentId: expired[0]?.id ?? '' }),
      aBackup(vault, { createdAt: past(1), status: 'error' }),
      aBackup(vault, { createdAt: past(1), status: 'available', autoTrigger: true }),
      aBackup(vault, { expiredAt: past(1), status: 'error', autoTrigger: true }),
    ]
    const { one } = catalogs()
    await one.change(async ({ vaults, backups }) => {
      await vaults.insert(vault)
      await backups.insert([...expired, ...failed, ...others])
    })
    const sorted = (all: typeof expired, of: (backup: (typeof expired)[0]) => Date | undefined) =>
      all
        .map(backup => ({ id: backup.id, at: of(backup) ?? past(0) }))
        .sort((a, b) => +a.at - +b.at || (a.id < b.id ? -1 : 1))
    await one.read(async ({ aging }) => {
      const byExpiry = sorted(expired, backup => backup.expiredAt)
      assert.deepEqual(await aging.expired(past(3), 9), byExpiry)
      assert.deepEqual(await aging.expired(past(2), 9), byExpiry.slice(0, 3))
      assert.deepEqual(await aging.expired(past(0), 9), [])
      assert.deepEqual(await aging.expired(past(3), 2), byExpiry.slice(0, 2))
      assert.deepEqual(await aging.expired(past(3), 9, byExpiry[1]), byExpiry.slice(2))
      const byAge = sorted(failed, backup => backup.createdAt)
      assert.deepEqual(await aging.failed(past(9), 9), byAge)
      assert.deepEqual(await aging.failed(past(2), 9), byAge.slice(0, 1))
      assert.deepEqual(await aging.failed(past(9), 9, byAge[0]), byAge.slice(1))
    })
    await one.change(async ({ backups }) => {
      await backups.remove(others.map(({ id }) => id))
      await backups.remove([...expired, ...failed].map(({ id }) => id))
    })
  })
}

function takenTests(catalogs: () => Catalogs): void {
  test('resources: when the last full backup was made, and how many incremental ones since', async () => {
    const vault = aVault(aProject())
    const resource = aResource(vault)
    await catalogs().one.change(async ({ vaults, resources }) => {
      await vaults.insert(vault)
      await resources.put(resource)
      await resources.taken(vault.id, resource.id)
      await resources.taken(vault.id, resource.id)
      assert.deepEqual(await resources.find(vault.id, resource.id), { ...resource, incrementals: 2 })
      await resources.taken(vault.id, resource.id, at(7))
      assert.deepEqual(await resources.find(vault.id, resource.id), { ...resource, incrementals: 0, lastFullAt: at(7) })
      await resources.put({ ...resource, name: 'new' })
      const found = await resources.find(vault.id, resource.id)
      assert.deepEqual([found?.name, found?.lastFullAt], ['new', at(7)])
    })
  })
}
