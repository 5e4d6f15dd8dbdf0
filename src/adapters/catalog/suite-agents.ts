/** The promises of agents (ports/catalog/agent.ts). */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { AgentRecord } from '../../ports/catalog/agent.ts'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import { aProject, at } from './samples.ts'

const ALL = { limit: 1000, offset: 0 }

export function agentTests(catalog: () => Catalog): void {
  test('agents: put, put again, found and listed in their project only, removed', async () => {
    const [project, other] = [aProject(), aProject()]
    const old = anAgent(project)
    const young = anAgent(project, { createdAt: at(2), version: '1.2.3', type: 'native', status: 'uninstall' })
    const namesake = anAgent(other, { id: old.id, hostName: 'namesake' })
    await catalog().change(async ({ agents }) => {
      for (const agent of [old, young, namesake]) await agents.put(agent)
      const paths = [{ id: randomUUID(), dirPath: '/home/ä', excludePaths: ['tmp'] }]
      await agents.put({ ...young, hostName: 'renamed', paths })
      assert.deepEqual(await agents.lock(project, young.id), { ...young, hostName: 'renamed', paths })
      const { version: _version, type: _type, ...less } = young
      await agents.put(less)
      assert.deepEqual(await agents.find(project, young.id), less, 'what is left out is gone')
      await agents.put(young)
    })
    await catalog().read(async ({ agents }) => {
      assert.deepEqual(await agents.find(project, old.id), old)
      assert.deepEqual(await agents.find(other, old.id), namesake)
      assert.equal(await agents.find(other, young.id), undefined)
      assert.deepEqual(await agents.list(project, {}, ALL), { rows: [young, old], total: 2 })
      assert.deepEqual(await agents.list(project, { status: 'normal' }, ALL), { rows: [old], total: 1 })
      const one = { ids: [old.id, randomUUID()] }
      assert.deepEqual(await agents.list(project, one, ALL), { rows: [old], total: 1 })
      assert.deepEqual((await agents.list(project, {}, { ...ALL, after: young.id })).rows, [old])
      assert.deepEqual(await agents.list(project, {}, { limit: 1, offset: 1 }), { rows: [old], total: 2 })
      const ids = [young.id, old.id, randomUUID()]
      const byId = [young, old].sort((a, b) => (a.id < b.id ? -1 : 1))
      assert.deepEqual(await agents.named(project, ids), byId)
      assert.deepEqual(await agents.named(other, ids), [namesake])
    })
    await catalog().change(async ({ agents }) => {
      await agents.remove(project, old.id)
      assert.equal(await agents.lock(project, old.id), undefined)
      assert.deepEqual(await agents.find(other, old.id), namesake)
    })
  })
}

const anAgent = (projectId: string, given: Partial<AgentRecord> = {}): AgentRecord => ({
  id: randomUUID(),
  projectId,
  hostName: 'ecs-00001',
  hostNickname: '',
  hostIp: '10.10.0.2',
  hostOs: 'linux',
  status: 'normal',
  lastActiveAt: at(3),
  createdAt: at(1),
  updatedAt: at(2),
  paths: [],
  ...given,
})
