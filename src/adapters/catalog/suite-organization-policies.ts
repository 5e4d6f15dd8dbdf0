/** The promises of policies of an account, and of what comes of them in projects. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import type { OrganizationPolicyRecord } from '../../ports/catalog/organization-policy.ts'
import { aPolicy, aProject, at } from './samples.ts'

const ALL = { limit: 1000, offset: 0 }

export function organizationPolicyTests(catalog: () => Catalog): void {
  test('organization policies: by account and type, newest first, replaced whole', async () => {
    const [domain, other] = [aProject(), aProject()]
    const old = anOrganizationPolicy(domain)
    const young = anOrganizationPolicy(domain, {
      operationType: 'replication',
      createdAt: at(2),
      startWindowMinutes: 90,
      enabled: true,
      description: 'über',
    })
    const foreign = anOrganizationPolicy(other)
    await catalog().change(async ({ organizationPolicies }) => {
      for (const policy of [old, young, foreign]) await organizationPolicies.insert(policy)
    })
    await catalog().read(async ({ organizationPolicies }) => {
      assert.deepEqual(await organizationPolicies.find(domain, young.id), young)
      assert.equal(await organizationPolicies.find(other, young.id), undefined)
      assert.deepEqual(await organizationPolicies.list(domain, {}, ALL), { rows: [young, old], total: 2 })
      const backups = await organizationPolicies.list(domain, { operationType: 'backup' }, ALL)
      assert.deepEqual(backups, { rows: [old], total: 1 })
      assert.deepEqual((await organizationPolicies.list(domain, {}, { ...ALL, after: young.id })).rows, [old])
      assert.deepEqual(await organizationPolicies.list(domain, {}, { limit: 1, offset: 0 }), {
        rows: [young],
        total: 2,
      })
      const all = (await organizationPolicies.all()).filter(({ domainId }) => [domain, other].includes(domainId))
      assert.deepEqual(new Set(all.map(({ id }) => id)), new Set([old.id, young.id, foreign.id]))
    })
    await catalog().change(async ({ organizationPolicies }) => {
      const { startWindowMinutes: _off, ...rest } = { ...young, name: 'renamed', patterns: ['x'], updatedAt: at(9) }
      await organizationPolicies.replace(rest)
      assert.deepEqual(await organizationPolicies.lock(domain, young.id), rest)
      assert.deepEqual(await organizationPolicies.find(domain, old.id), old)
      await organizationPolicies.remove(young.id)
      assert.equal(await organizationPolicies.lock(domain, young.id), undefined)
    })
  })

  test('organization policies: a project has one of each, and keeps it from going', async () => {
    const [one, other] = [anOrganizationPolicy(aProject()), anOrganizationPolicy(aProject())]
    const projects = [aProject(), aProject()]
    const mine = projects.map(project => aPolicy(project, { organizationPolicyId: one.id }))
    const its = aPolicy(projects[0] ?? '', { organizationPolicyId: other.id })
    await catalog().change(async ({ organizationPolicies, policies }) => {
      for (const policy of [one, other]) await organizationPolicies.insert(policy)
      for (const policy of [...mine, its, aPolicy(projects[0] ?? '')]) await policies.insert(policy)
      assert.deepEqual(
        await policies.rolledOut([one.id]),
        mine.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      )
      assert.equal((await policies.rolledOut([one.id, other.id])).length, 3)
      assert.deepEqual(await policies.rolledOut([]), [])
    })
    const again = aPolicy(projects[0] ?? '', { organizationPolicyId: one.id })
    await assert.rejects(
      catalog().change(({ policies }) => policies.insert(again)),
      'it has one',
    )
    await assert.rejects(
      catalog().change(({ organizationPolicies }) => organizationPolicies.remove(one.id)),
      'projects have it',
    )
    await catalog().change(async ({ organizationPolicies, policies }) => {
      for (const { id } of mine) await policies.remove(id)
      await organizationPolicies.remove(one.id)
    })
  })
}

const anOrganizationPolicy = (
  domainId: string,
  given: Partial<OrganizationPolicyRecord> = {},
): OrganizationPolicyRecord => ({
  id: randomUUID(),
  domainId,
  name: 'org',
  description: '',
  effectiveScope: 'all',
  operationType: 'backup',
  policyName: 'nightly',
  enabled: false,
  definition: { max_backups: 7 },
  patterns: ['FREQ=DAILY;BYHOUR=02;BYMINUTE=00'],
  createdAt: at(1),
  updatedAt: at(1),
  ...given,
})
