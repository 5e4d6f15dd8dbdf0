/** No statement of the service looks at every row of a table that grows: what holds at ten backups holds at a million. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CompiledQuery } from 'kysely'
import { aWebhook } from '../../../test/listening.ts'
import type { BackupFilter } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import { aBackup, aCheckpoint, aJob, aMember, anApplied, aPolicy, aProject, at, aVault } from './samples.ts'
import { migrateSqlite, sqliteDialect } from './sqlite.ts'
import { openConnection } from './sqlite-connection.ts'
import { openTransaction } from './transaction.ts'

const PAGE = { limit: 10, offset: 0 }
const NEWEST = [{ key: 'created_at', descending: true }] as const

/** What SQLite would do for each statement of the work. */
async function plansOf(work: (records: Records) => Promise<unknown>): Promise<readonly string[]> {
  using connection = openConnection(':memory:', { readOnly: false })
  const dialect = sqliteDialect()
  const open = (run: (query: CompiledQuery) => readonly object[]) => openTransaction({ dialect, writable: true, run })
  await migrateSqlite(open(connection.run).session)
  const plans: string[] = []
  const explained = (query: CompiledQuery) => {
    const steps = connection.run({ ...query, sql: `explain query plan ${query.sql}` }) as { detail: string }[]
    plans.push(...steps.map(({ detail }) => detail))
    return connection.run(query)
  }
  await work(open(explained).records)
  return plans
}

// `s` and `b` are the two merged sides of a listing, each cut to a page; jobs are few, being open ones only. Of webhooks
// alone one row is read, whichever (webhook.ts, ANY).
const scans = (plans: readonly string[]) =>
  plans.filter(step => /^SCAN (?!json_each|s\b|b\b|job\b|webhook USING COVERING INDEX)/.test(step))
const sorts = (plans: readonly string[]) => plans.filter(step => /TEMP B-TREE/.test(step))

test('the statements around a share seek', async () => {
  const vault = aVault(aProject())
  const backup = aBackup(vault)
  const member = aMember(backup)
  const plans = await plansOf(async ({ vaults, backups, members, images }) => {
    await vaults.insert(vault)
    await backups.insert([backup])
    await members.insert([member])
    await backups.lock(backup.id)
    await vaults.lock(vault.projectId, vault.id)
    await members.of(backup.id)
    await members.find(backup.id, member.id)
    await members.list(backup.id, { status: 'pending' }, NEWEST, PAGE)
    await members.inVault(vault.id)
    await members.linked('one', 'other')
    await members.update(member, { status: 'accepted', vaultId: vault.id })
    await members.remove(backup.id, [member.id])
    await images.ofBackups([backup.id])
    await images.findByJob(vault.projectId, 'j')
    await backups.childrenOf([backup.id])
    await backups.update([backup.id], { status: 'deleting' })
    await backups.use(backup.id, 1)
    await backups.remove([backup.id])
    await vaults.remove(vault.id)
  })
  assert.deepEqual(scans(plans), [])
})

test('backups are found by what clients name, and counted without looking at them', async () => {
  const { projectId, id: vaultId } = aVault(aProject())
  const places = [{ vaultId }, { resourceId: 'r' }, { checkpointId: 'c' }, { vaultId, resourceId: 'r' }]
  const within = await plansOf(async ({ backups }) => {
    for (const place of places) await backups.within({ projectId, ...place })
  })
  assert.deepEqual(scans(within), [])
  const filters: readonly (readonly [Omit<BackupFilter, 'ownType'>, RegExp])[] = [
    [{}, /USING COVERING INDEX backup_newest \(project_id=\?\)$/],
    [{ name: 'n' }, /backup_named \(project_id=\? AND name=\?\)$/],
    [{ ids: ['b'] }, /autoindex_backup_1 \(id=\?\)$/],
    [{ parentId: 'b' }, /backup_children \(parent_id=\?\)$/],
    [{ vaultId }, /backup_in_vault \(vault_id=\? AND project_id=\?\)$/],
    [{ resourceId: 'r' }, /backup_of_resource \(resource_id=\? AND project_id=\?\)$/],
    [{ checkpointId: 'c' }, /backup_of_checkpoint \(checkpoint_id=\? AND project_id=\?\)$/],
  ]
  for (const [filter, index] of filters) {
    const ask = (ownType: BackupFilter['ownType']) =>
      plansOf(({ backups }) => backups.list(projectId, { ownType, ...filter }, NEWEST, { limit: 10, offset: 20 }))
    const own = await ask('private')
    const searches = own.filter(step => step.startsWith('SEARCH b'))
    assert.equal(searches.length, 2, 'the page, and the total of one that may not be the last')
    assert.match(searches[1] ?? '', index)
    if (Object.keys(filter).length > 0) assert.match(searches[0] ?? '', index)
    for (const plans of [own, await ask('shared'), await ask('all_granted')]) assert.deepEqual(scans(plans), [])
  }
})

test('the next backup of a chain is one seek away, and ids and statuses are read from few columns', async () => {
  const { projectId, id: vaultId } = aVault(aProject())
  const place = { projectId, vaultId, resourceId: 'r' }
  const edge = { createdAt: at(1), id: 'b' }
  const plans = await plansOf(async ({ backups }) => {
    for (const look of [{}, { olderThan: edge }, { newerThan: edge }])
      await backups.nearest(place, { statuses: ['available'], withBytes: true, ...look })
    await backups.statuses({ projectId, vaultId })
  })
  assert.deepEqual([scans(plans), sorts(plans)], [[], []])
  const seeks = plans.filter(step => /backup_in_vault/.test(step))
  assert.equal(seeks.length, 4)
  assert.match(seeks[1] ?? '', /resource_id=\? AND created_at<\?/)
  assert.match(seeks[2] ?? '', /resource_id=\? AND created_at>\?/)
})

test('what waits for a webhook is one seek away, and what has ended is found by its time', async () => {
  const plans = await plansOf(async ({ webhooks, deliveries, jobs }) => {
    await webhooks.insert(aWebhook('p'))
    await webhooks.of(['p', 'q'])
    await webhooks.find('p', 'w')
    await deliveries.list('w', {}, PAGE)
    await deliveries.next('w')
    await deliveries.update('d', { attempts: 1 })
    await deliveries.giveUp('w', { problem: '', endedAt: at(1) }, at(0))
    await deliveries.removeEndedBefore(at(0))
    await webhooks.remove('w')
    await jobs.ensure(aJob())
  })
  assert.deepEqual(scans(plans), [])
  assert.equal(plans.filter(step => /delivery_waiting/.test(step)).length, 2)
})

test('an audit of one resource is found by it', async () => {
  const plans = await plansOf(({ audits }) => audits.list('p', { resourceId: 'b' }, { limit: 10, offset: 20 }))
  const found = plans.filter(step => step.startsWith('SEARCH'))
  for (const step of found) assert.match(step, /audit_of_resource \(resource_id=\? AND project_id=\?\)$/)
  assert.equal(found.length, 2)
})

test('the newest page of what grows is read from an index, in order', async () => {
  const project = aProject()
  const plans = await plansOf(async ({ backups, vaults, operationLogs, audits, images, disks }) => {
    await backups.list(project, { ownType: 'private' }, NEWEST, { limit: 1000, offset: 1 })
    await vaults.list(project, {}, PAGE)
    await operationLogs.list(project, {}, PAGE)
    await audits.list(project, {}, PAGE)
    await images.list(project, { status: 'active' }, PAGE)
    await disks.ofProject(project)
    await operationLogs.removeEndedBefore(at(0))
  })
  assert.deepEqual(scans(plans), [])
  assert.deepEqual(sorts(plans), [])
})

test('the page behind a marker starts at it', async () => {
  const vault = aVault(aProject())
  const checkpoint = aCheckpoint(vault)
  const backup = aBackup(vault, { checkpointId: checkpoint.id })
  const plans = await plansOf(async records => {
    await records.vaults.insert(vault)
    await records.checkpoints.insert(checkpoint)
    await records.backups.insert([backup])
    await records.backups.list(vault.projectId, { ownType: 'private' }, NEWEST, { ...PAGE, after: backup.id })
  })
  assert.ok(
    plans.some(step => /backup_newest \(project_id=\? AND created_at<\?\)/.test(step)),
    plans.join('\n'),
  )
  assert.deepEqual(sorts(plans), [])
})

test('what is due or has aged is found without looking at the rest', async () => {
  const vault = aVault(aProject())
  const policy = aPolicy(vault.projectId)
  const before = { id: 'b', at: at(1) }
  const plans = await plansOf(async ({ vaults, policies, appliedPolicies, aging }) => {
    await vaults.insert(vault)
    await policies.insert(policy)
    await appliedPolicies.put(anApplied(policy, vault, { nextDue: at(1) }))
    await appliedPolicies.due('backup', at(2))
    await appliedPolicies.advance(
      { vaultId: vault.id, operationType: 'backup', policyId: policy.id, nextDue: at(1) },
      { lastDue: at(1), nextDue: at(2) },
    )
    await appliedPolicies.of([policy.id])
    await appliedPolicies.inVaults([vault.id])
    await appliedPolicies.schedule(policy.id, at(3))
    await policies.list(vault.projectId, { vaultId: vault.id })
    await vaults.list(vault.projectId, { policyId: policy.id }, PAGE)
    await aging.expired(at(9), 10, before)
    await aging.failed(at(9), 10, before)
    await appliedPolicies.remove({ vaultId: vault.id, operationType: 'backup' })
    await appliedPolicies.remove({ policyId: policy.id })
    await policies.remove(policy.id)
  })
  assert.deepEqual(scans(plans), [])
  for (const index of ['applied_policy_due', 'backup_expiry', 'backup_failed']) {
    assert.ok(
      plans.some(step => step.includes(`${index} (`) || step.includes(`INDEX ${index}`)),
      index,
    )
  }
})
