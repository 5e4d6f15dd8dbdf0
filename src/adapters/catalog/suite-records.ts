/** The promises of each record's port, one test per record. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import {
  aBackup,
  aCheckpoint,
  aDisk,
  aJob,
  aLog,
  anAudit,
  aProject,
  aResource,
  aServer,
  at,
  aVault,
} from './samples.ts'
import { shareTests } from './suite-shares.ts'

const ALL = { limit: 1000, offset: 0 }

/** Every test makes projects of its own, so that one catalog serves them all. */
export function recordTests(catalog: () => Catalog): void {
  vaultTests(catalog)
  resourceTests(catalog)
  backupTests(catalog)
  shareTests(catalog)
  workTests(catalog)
  inventoryTests(catalog)
}

function vaultTests(catalog: () => Catalog): void {
  test('vaults: what was inserted is found, in its project only', async () => {
    const project = aProject()
    const plain = aVault(project)
    const full = aVault(project, {
      description: 'über <&> 💾',
      createdAt: new Date(at(0).getTime() + 1),
      usedBytes: 2 ** 52,
      backupNamePrefix: 'p',
      availabilityZone: 'az-1',
      sysLockSourceService: 's',
      chargingMode: 'pre_paid',
      orderId: 'CS1',
      locked: true,
      bindTags: [],
    })
    await catalog().change(async ({ vaults }) => {
      for (const vault of [plain, full]) await vaults.insert(vault)
    })
    await catalog().read(async ({ vaults }) => {
      assert.deepEqual(await vaults.find(project, plain.id), plain)
      assert.deepEqual(await vaults.find(project, full.id), full)
      assert.equal(await vaults.find(aProject(), full.id), undefined)
      assert.equal(await vaults.statusOf(project, full.id), full.status)
      assert.equal(await vaults.statusOf(aProject(), full.id), undefined)
      assert.deepEqual((await vaults.list(project, {}, ALL)).rows, [full, plain])
    })
    assert.deepEqual(await catalog().change(({ vaults }) => vaults.lock(project, plain.id)), plain)
    assert.equal(await catalog().change(({ vaults }) => vaults.lock(aProject(), plain.id)), undefined)
  })

  test('vaults: a patch changes what it names; a charge adds and never falls below zero', async () => {
    const vault = aVault(aProject())
    const seen = await catalog().change(async ({ vaults }) => {
      await vaults.insert(vault)
      await vaults.update(vault.id, { name: 'other', status: 'lock', bindTags: [], backupNamePrefix: 'x' })
      await vaults.update(vault.id, {})
      await vaults.charge(vault.id, 3 * 2 ** 40)
      await vaults.charge(vault.id, -5)
      const charged = await vaults.find(vault.projectId, vault.id)
      await vaults.charge(vault.id, -(2 ** 50))
      return [charged, await vaults.find(vault.projectId, vault.id)]
    })
    const patched = { ...vault, name: 'other', status: 'lock', bindTags: [], backupNamePrefix: 'x' }
    assert.deepEqual(seen, [
      { ...patched, usedBytes: 3 * 2 ** 40 - 5 },
      { ...patched, usedBytes: 0 },
    ])
  })

  test('vaults: with a vault go its resources, tags and empty checkpoints; one with backups stays', async () => {
    const [vault, other] = [aVault(aProject()), aVault(aProject())]
    const [empty, kept] = [aCheckpoint(vault), aCheckpoint(vault)]
    const backup = aBackup(other, { checkpointId: kept.id })
    await catalog().change(async records => {
      for (const one of [vault, other]) await records.vaults.insert(one)
      for (const one of [empty, kept]) await records.checkpoints.insert(one)
      await records.backups.insert([backup])
      await records.resources.put(aResource(vault))
      await records.tags.put([{ vaultId: vault.id, key: 'a', value: '1' }], vault.projectId)
      await records.vaults.remove(vault.id)
    })
    await catalog().read(async ({ vaults, resources, tags, checkpoints }) => {
      assert.equal(await vaults.find(vault.projectId, vault.id), undefined)
      assert.deepEqual(await resources.of([vault.id]), [])
      assert.deepEqual(await tags.ofProject(vault.projectId), [])
      assert.equal(await checkpoints.find(vault.projectId, empty.id), undefined)
      assert.deepEqual(await checkpoints.find(vault.projectId, kept.id), kept)
    })
    await assert.rejects(catalog().change(({ vaults }) => vaults.remove(other.id)))
    assert.ok(await catalog().read(({ vaults }) => vaults.find(other.projectId, other.id)))
  })
}

function resourceTests(catalog: () => Catalog): void {
  test('resources: put keeps status and counts of what is there; all else by vault and id', async () => {
    const project = aProject()
    const [vault, target] = [aVault(project), aVault(project)]
    const first = aResource(vault, { id: 'b', addedAt: at(1) })
    const second = aResource(vault, { id: 'a', addedAt: at(2) })
    const third = aResource(vault, { id: 'c', addedAt: at(2) })
    await catalog().change(async ({ vaults, resources }) => {
      for (const one of [vault, target]) await vaults.insert(one)
      for (const one of [third, second, first]) await resources.put(one)
      assert.deepEqual(await resources.of([vault.id, target.id]), [first, second, third])
      await resources.tally(vault.id, 'a', 100, 2)
      await resources.tally(vault.id, 'a', -500, -1)
      await resources.setStatus(vault.id, ['a', 'b'], 'protecting')
      await resources.setAutoProtect(vault.id, ['a'], false)
      await resources.put({ ...second, name: 'new', sizeBytes: 9, excludeVolumes: [], includeVolumes: [] })
      const changed = { name: 'new', sizeBytes: 9, excludeVolumes: [], includeVolumes: [] }
      const kept = { protectStatus: 'protecting' as const, autoProtect: false, backupBytes: 0, backupCount: 1 }
      assert.deepEqual(await resources.find(vault.id, 'a'), { ...second, ...changed, ...kept })
      assert.equal((await resources.find(vault.id, 'c'))?.protectStatus, 'available')
      await resources.move(vault.id, ['a', 'b'], target.id)
      await resources.remove(target.id, ['b', 'c'])
      assert.deepEqual(await resources.bound(project, ['a', 'b', 'c']), [
        { ...second, ...changed, ...kept, vaultId: target.id },
        third,
      ])
      assert.deepEqual(await resources.bound(aProject(), ['a']), [])
    })
  })

  test('tags: one value per key and vault, in order of key', async () => {
    const project = aProject()
    const [one, other] = [aVault(project, { id: `0${randomUUID()}` }), aVault(project, { id: `1${randomUUID()}` })]
    const tag = (vaultId: string, key: string, value: string) => ({ vaultId, key, value })
    await catalog().change(async ({ vaults, tags }) => {
      for (const vault of [one, other]) await vaults.insert(vault)
      await tags.put([], project)
      await tags.put(
        [tag(one.id, 'b', '1'), tag(one.id, 'B', '2'), tag(one.id, 'b', '3'), tag(other.id, 'a', '')],
        project,
      )
      await tags.put([tag(one.id, 'B', '4')], project)
      const all = [tag(one.id, 'B', '4'), tag(one.id, 'b', '3'), tag(other.id, 'a', '')]
      assert.deepEqual(await tags.of([other.id, one.id]), all)
      assert.deepEqual(await tags.ofProject(project), all)
      assert.deepEqual(await tags.of([]), [])
      await tags.remove(one.id, ['b', 'never'])
      assert.deepEqual(await tags.of([one.id]), [tag(one.id, 'B', '4')])
    })
  })
}

function backupTests(catalog: () => Catalog): void {
  test('checkpoints: found in their project, locked by id, status, removal', async () => {
    const checkpoint = aCheckpoint(aVault(aProject()))
    await catalog().change(async ({ checkpoints }) => {
      await checkpoints.insert(checkpoint)
      assert.deepEqual(await checkpoints.lock(checkpoint.id), checkpoint)
      await checkpoints.setStatus(checkpoint.id, 'available')
      assert.equal((await checkpoints.find(checkpoint.projectId, checkpoint.id))?.status, 'available')
      assert.equal(await checkpoints.find(aProject(), checkpoint.id), undefined)
      await checkpoints.remove(checkpoint.id)
      assert.equal(await checkpoints.lock(checkpoint.id), undefined)
    })
  })

  test('backups: by id, by parent, by place; patches, uses and removal', async () => {
    const vault = aVault(aProject())
    const metadata = {
      backups: { a: 1 },
      flavor: {},
      interface: ['i'],
      server: {},
      floatingips: [],
      ports: [],
      volumes: [{}],
    }
    const parent = aBackup(vault, { protectedAt: at(8), expiredAt: at(9), digest: 'f'.repeat(64), metadata })
    const children = [1, 2].map(n => aBackup(vault, { parentId: parent.id, resourceId: `d${n}`, createdAt: at(n) }))
    await catalog().change(async ({ vaults, backups }) => {
      await vaults.insert(vault)
      await backups.insert([...children, parent])
      await backups.insert([])
      assert.deepEqual(await backups.find(parent.id), parent)
      assert.deepEqual(await backups.lock(parent.id), parent)
      assert.equal(await backups.lock(randomUUID()), undefined)
      assert.deepEqual(await backups.childrenOf([parent.id]), children)
      assert.deepEqual(await backups.childrenOf([]), [])
      const place = { projectId: vault.projectId, vaultId: vault.id }
      assert.deepEqual(await backups.within(place), [...children, parent])
      assert.deepEqual(await backups.within({ ...place, resourceId: 'd2' }), children.slice(1))
      assert.deepEqual(await backups.within({ ...place, checkpointId: parent.checkpointId }), [parent])
      assert.deepEqual(await backups.within({ ...place, projectId: aProject() }), [])
      await backups.update([parent.id, ...children.map(child => child.id)], { status: 'deleting', updatedAt: at(20) })
      await backups.use(parent.id, 1)
      assert.deepEqual(await backups.find(parent.id), { ...parent, status: 'deleting', updatedAt: at(20), uses: 1 })
    })
    await assert.rejects(
      catalog().change(({ backups }) => backups.remove([parent.id])),
      'its children refer to it',
    )
    await catalog().change(({ backups }) => backups.remove([parent.id, ...children.map(child => child.id)]))
    assert.equal(await catalog().read(({ backups }) => backups.find(parent.id)), undefined)
  })

  test('backups: many rows at once', async () => {
    const vault = aVault(aProject())
    const many = Array.from({ length: 1201 }, (_, n) => aBackup(vault, { createdAt: at(n) }))
    await catalog().change(async ({ vaults, backups }) => {
      await vaults.insert(vault)
      await backups.insert(many)
    })
    assert.deepEqual(await catalog().read(({ backups }) => backups.within(vault)), many)
    await catalog().change(({ backups }) => backups.remove(many.map(({ id }) => id)))
    assert.deepEqual(await catalog().read(({ backups }) => backups.within(vault)), [])
  })
}

function workTests(catalog: () => Catalog): void {
  test('operation logs: a final one stays as it is, and goes when it is old', async () => {
    const project = aProject()
    const log = aLog(project, { vaultId: 'v', vaultName: 'n', checkpointId: 'c', policyId: 'p', providerId: 'q' })
    const other = aLog(project, { createdAt: at(8) })
    await catalog().change(async ({ operationLogs }) => {
      await operationLogs.insert([log, other])
      assert.deepEqual(await operationLogs.find(project, log.id), log)
      assert.equal(await operationLogs.find(aProject(), log.id), undefined)
      await operationLogs.update(log.id, { status: 'success', endedAt: at(30), progress: 100, detail: {} })
      await operationLogs.update(log.id, { status: 'failed', errorCode: 'BackupService.9910' })
      const ended = { ...log, status: 'success', endedAt: at(30), progress: 100, detail: {} }
      assert.deepEqual((await operationLogs.list(project, {}, ALL)).rows, [other, ended])
      assert.equal(await operationLogs.removeEndedBefore(at(30)), 0)
      assert.equal(await operationLogs.removeEndedBefore(at(31)), 1)
      assert.deepEqual((await operationLogs.list(project, {}, ALL)).rows, [other])
    })
  })

  test('jobs: the oldest due one of the kinds, for one worker until its claim ends', async () => {
    const kinds = ['take-backup', 'fill-disk'] as const
    const young = aJob({ createdAt: at(2), runAfter: at(2), operationLogId: 'o' })
    const old = aJob({ createdAt: at(1), runAfter: at(5), kind: 'fill-disk' })
    const unasked = aJob({ createdAt: at(0), kind: 'delete-vault' })
    await catalog().change(async ({ jobs }) => {
      await jobs.insert([young, old, unasked])
      assert.equal(await jobs.claim('w1', kinds, at(1), at(9)), undefined)
      const claimed = { ...young, attempts: 1, claimedBy: 'w1', claimedUntil: at(9) }
      assert.deepEqual(await jobs.claim('w1', kinds, at(2), at(9)), claimed)
      assert.equal(await jobs.claim('w2', kinds, at(3), at(9)), undefined)
      assert.equal((await jobs.claim('w2', kinds, at(5), at(9)))?.id, old.id)
      assert.equal(await jobs.renew(young.id, 'w1', at(20)), true)
      assert.equal(await jobs.renew(young.id, 'w2', at(20)), false)
      assert.equal((await jobs.claim('w3', kinds, at(10), at(15)))?.id, old.id, 'its claim ran out')
      assert.equal(await jobs.holds(old.id, 'w2'), false)
      assert.equal(await jobs.holds(old.id, 'w3'), true)
      assert.equal(await jobs.keep(old.id, 'w2', { stolen: true }), false)
      assert.equal(await jobs.keep(old.id, 'w3', { done: [1, 'two'] }), true)
      await jobs.postpone(old.id, at(99)) // somebody holds it: nothing happens
      await jobs.release(old.id, 'w2', at(0))
      assert.equal(await jobs.holds(old.id, 'w3'), true, 'only its holder gives it back')
      await jobs.release(old.id, 'w3', at(12))
      assert.equal(await jobs.claim('w4', kinds, at(11), at(15)), undefined)
      assert.equal((await jobs.claim('host-1/w4', kinds, at(12), at(15)))?.attempts, 3)
      assert.equal(await jobs.dropClaims('host-%'), 0)
      assert.equal(await jobs.dropClaims('host-1/'), 1)
      const payload = { done: [1, 'two'] }
      assert.deepEqual(await jobs.open(old.projectId), [{ ...old, payload, runAfter: at(12), attempts: 3 }])
      await jobs.postpone(old.id, at(30))
      assert.deepEqual((await jobs.open(old.projectId))[0]?.runAfter, at(30))
      assert.deepEqual(await jobs.open(old.projectId, ['take-backup']), [])
      for (const { id } of [young, old, unasked]) await jobs.finish(id)
      assert.deepEqual(await jobs.open(undefined, kinds), [])
    })
  })
}

function inventoryTests(catalog: () => Catalog): void {
  test('disks: newest first, by project; patches and removal', async () => {
    const project = aProject()
    const plain = aDisk(project)
    const full = aDisk(project, { createdAt: at(12), serverId: 's', device: '/dev/vda', failure: 'f' })
    await catalog().change(async ({ disks }) => {
      for (const disk of [plain, full]) await disks.insert(disk)
      assert.deepEqual(await disks.ofProject(project), [full, plain])
      assert.deepEqual(await disks.lock(project, full.id), full)
      assert.equal(await disks.find(aProject(), full.id), undefined)
      await disks.update(plain.id, { status: 'in-use', serverId: 's2', metadata: {} })
      assert.deepEqual(await disks.find(project, plain.id), {
        ...plain,
        status: 'in-use',
        serverId: 's2',
        metadata: {},
      })
      const old = new Date(full.updatedAt.getTime() + 1)
      assert.deepEqual(await disks.unfinished(full.volumeType, old), [])
      await disks.update(full.id, { status: 'creating' })
      const unfinished = { ...full, status: 'creating' } as const
      assert.deepEqual(await disks.unfinished(full.volumeType, old), [unfinished])
      assert.deepEqual(await disks.unfinished(full.volumeType, full.updatedAt), [])
      assert.deepEqual(await disks.unfinished('other', old), [])
      await disks.update(full.id, { status: full.status })
      await disks.remove(plain.id)
      assert.deepEqual(await disks.ofProject(project), [full])
    })
  })

  test('servers: put overwrites name and zone alone', async () => {
    const server = aServer(aProject())
    await catalog().change(async ({ servers }) => {
      await servers.put(server)
      await servers.setStatus(server.id, 'SHUTOFF')
      await servers.put({ ...server, name: 'new', availabilityZone: 'az-2', createdAt: at(99) })
      const now = { ...server, name: 'new', availabilityZone: 'az-2', status: 'SHUTOFF' }
      assert.deepEqual(await servers.find(server.projectId, server.id), now)
      assert.deepEqual(await servers.ofProject(server.projectId), [now])
      await servers.remove(server.id)
      assert.equal(await servers.find(server.projectId, server.id), undefined)
    })
  })

  test('audits: newest first', async () => {
    const project = aProject()
    const audits = [1, 3, 2].map(n => anAudit(project, { at: at(n), resourceId: `b${n % 2}` }))
    await catalog().change(async records => {
      for (const audit of audits) await records.audits.append(audit)
    })
    await catalog().read(async records => {
      assert.deepEqual((await records.audits.list(project, {}, ALL)).rows, [audits[1], audits[2], audits[0]])
      const filter = { resourceId: 'b1', operation: 'AddMember' }
      const found = await records.audits.list(project, filter, { limit: 1, offset: 0 })
      assert.deepEqual(found, { rows: [audits[1]], total: 2 })
      const rest = await records.audits.list(project, filter, { limit: 5, offset: 0, after: audits[1]?.id ?? '' })
      assert.deepEqual(rest, { rows: [audits[0]], total: 2 })
    })
  })
}
