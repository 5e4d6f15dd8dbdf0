/** Agents over HTTP: what they register, and what is kept of it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openHouse, type Person, type TestHouse } from '../../../test/house.ts'

let house: TestHouse
before(async () => {
  house = await openHouse()
})
after(() => house.close())

const AGENTS = '/v3/{project_id}/agents'
const call = async (method: string, path: string, body?: unknown, person: Person = 'alice') => {
  const answer = await house.call(person, method, `/v3/{project_id}/${path}`, body)
  return [answer.status, answer.body?.error_code?.replace('BackupService.', '') ?? answer.body] as const
}

const anAgent = (given: object = {}) => ({
  agent: {
    agent_id: crypto.randomUUID(),
    host_name: 'ecs-00001',
    host_ip: '10.10.0.2',
    host_os: 'linux',
    agent_version: '1.0.0',
    agent_type: 'native',
    ...given,
  },
})

async function register(given: object = {}, person: Person = 'alice'): Promise<string> {
  const { status, body } = await house.call(person, 'POST', AGENTS, anAgent(given))
  assert.equal(status, 200, JSON.stringify(body))
  return body.agent.agent_id
}

test('an agent is kept as it says it is; again, it says so anew and keeps its paths', async () => {
  const sent = anAgent({ host_nickname: 'the first' })
  const { agent } = (await house.call('alice', 'POST', AGENTS, sent)).body
  const { created_at: created, updated_at: updated, last_active_time: active, ...rest } = agent
  assert.deepEqual(rest, { ...sent.agent, status: 'normal', paths: [] })
  for (const time of [created, updated, active]) assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]{12}\+00:00$/)
  await call('POST', `agents/${agent.agent_id}/add-path`, { add_path: ['/srv'] })
  await call('PUT', `agents/${agent.agent_id}`, { agent: { status: 'uninstall' } })
  const { agent_version: _version, ...older } = sent.agent
  await register({ ...older, agent_version: undefined, host_name: 'renamed', host_nickname: undefined })
  const [, shown] = await call('GET', `agents/${agent.agent_id}`)
  const { host_name: name, host_nickname: nickname, status, created_at, agent_version, paths } = shown.agent
  assert.deepEqual([name, nickname, status, created_at], ['renamed', 'the first', 'normal', created])
  assert.equal(agent_version, undefined)
  assert.deepEqual(
    paths.map((path: { dir_path: string }) => path.dir_path),
    ['/srv'],
  )
  const [, list] = await call('GET', `agents?agent_id=${agent.agent_id}`)
  assert.deepEqual(list, { agents: [shown.agent], count: 1, limit: 1000, offset: 0 })
})

test('what does not fit is refused', async () => {
  for (const id of ['x', '', '489654F2-363B-4EBF-966A-BDF079D97114']) {
    assert.deepEqual(await call('POST', 'agents', anAgent({ agent_id: id })), [400, '7403'], id)
  }
  const wrong = [
    { agent_id: undefined },
    { agent_id: 7 },
    { host_name: undefined },
    { host_name: '' },
    { host_ip: undefined },
    { host_os: undefined },
    { host_os: 'x'.repeat(256) },
    { agent_type: 'other' },
    { agent_version: '1.0' },
  ]
  for (const given of wrong) {
    assert.deepEqual(await call('POST', 'agents', anAgent(given)), [400, '9900'], JSON.stringify(given))
  }
  assert.deepEqual(await call('POST', 'agents', {}), [400, '9900'])
  const id = await register()
  for (const agent of [{ status: 'normal' }, {}]) {
    assert.deepEqual(await call('PUT', `agents/${id}`, { agent }), [400, '9900'])
  }
})

test('an agent of another project, and one that is none, are not found, whatever the body', async () => {
  const foreign = await register({}, 'bob')
  for (const id of [foreign, crypto.randomUUID(), 'ecs-00001']) {
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PUT', '', { agent: { status: 'uninstall' } }],
      ['PUT', '', {}],
      ['POST', '/add-path', {}],
      ['POST', '/add-path', { add_path: ['/srv'] }],
      ['POST', '/remove-path', { remove_path: ['/srv'] }],
      ['DELETE', '', undefined],
    ] as const) {
      assert.deepEqual(await call(method, `agents/${id}${path}`, body), [404, '7410'], `${method} ${path}`)
    }
  }
  const { agent } = (await house.call('bob', 'GET', `${AGENTS}/${foreign}`)).body
  assert.deepEqual([agent.status, agent.paths], ['normal', []])
  // The id is the program's choice: another project's agent of the same id is another agent.
  assert.equal(await register({ agent_id: foreign }), foreign)
  await call('DELETE', `agents/${foreign}`)
  assert.equal((await house.call('bob', 'GET', `${AGENTS}/${foreign}`)).status, 200)
})

test('agents are listed newest first, filtered and paged', async () => {
  const ids = [await register({}, 'carol'), await register({}, 'carol'), await register({}, 'carol')].reverse()
  await house.call('carol', 'PUT', `${AGENTS}/${ids[1]}`, { agent: { status: 'uninstall' } })
  const list = async (query: string) => {
    const { body } = await house.call('carol', 'GET', `${AGENTS}?${query}`)
    return [body.agents?.map((agent: { agent_id: string }) => agent.agent_id), body.count]
  }
  assert.deepEqual(await list(''), [ids, 3])
  assert.deepEqual(await list(`agent_id=${ids[0]}&agent_id=${ids[2]}`), [[ids[0], ids[2]], 2])
  assert.deepEqual(await list('status=uninstall'), [[ids[1]], 1])
  assert.deepEqual(await list('limit=1&offset=1'), [[ids[1]], 3])
  assert.deepEqual(await list('offset=3'), [[], 3])
  assert.deepEqual(await list(`limit=1&marker=${ids[1]}`), [[ids[2]], 3])
  const [status] = await call('GET', 'agents?limit=5000')
  assert.equal(status, 200)
  for (const query of ['limit=0', 'limit=x', 'offset=-1', 'marker=x']) {
    assert.deepEqual(await call('GET', `agents?${query}`), [400, '9900'], query)
  }
})

test('paths: added once, with what is left out of them; removed', async () => {
  const id = await register()
  const add = (body: object) => call('POST', `agents/${id}/add-path`, body)
  assert.deepEqual(await add({ add_path: ['/srv/', '/opt//', '/srv'] }), [
    200,
    { added: ['/srv', '/opt'], existed: [] },
  ])
  const exclude_path = [{ path_name: '/srv', exclude_path_name: ['/srv/tmp', '/srv/log'] }]
  const more = { add_path: ['/srv', 'C:\\data\\', 'D:/', '/'], exclude_path }
  assert.deepEqual(await add(more), [200, { added: ['C:\\data', 'D:/', '/'], existed: ['/srv'] }])
  const [, { agent }] = await call('GET', `agents/${id}`)
  for (const path of agent.paths) assert.deepEqual([path.agent_id, path.status], [id, 'available'])
  assert.equal(new Set(agent.paths.map((path: { id: string }) => path.id)).size, 5)
  assert.equal(agent.paths[0].exclude_paths, '/srv/tmp,/srv/log')
  const removed = await call('POST', `agents/${id}/remove-path`, { remove_path: ['/srv/', '/none', '/'] })
  assert.deepEqual(removed, [200, { removed: ['/srv', '/'], not_existed: ['/none'] }])
  const wrong = [
    {},
    { add_path: [] },
    { add_path: [''] },
    { add_path: ['srv'] },
    { add_path: '/srv' },
    { add_path: ['/srv'], exclude_path: [{ path_name: '/none' }] },
    { add_path: ['/srv'], exclude_path: [{}] },
  ]
  for (const body of wrong) assert.deepEqual(await add(body), [400, '9900'], JSON.stringify(body))
  const [, after] = await call('GET', `agents/${id}`)
  assert.equal(after.agent.paths.length, 3, 'a refusal adds nothing')
  for (const body of [{}, { remove_path: [] }, { remove_path: ['x'] }]) {
    assert.deepEqual(await call('POST', `agents/${id}/remove-path`, body), [400, '9900'])
  }
})

test('an agent has at most 64 paths', async () => {
  const id = await register()
  const paths = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `/p${from + at}`)
  const add = (add_path: readonly string[]) => call('POST', `agents/${id}/add-path`, { add_path })
  assert.equal((await add(paths(0, 63)))[0], 200)
  assert.deepEqual(await add(paths(62, 65)), [400, '7407'])
  assert.deepEqual(await add(paths(62, 64)), [200, { added: ['/p63'], existed: ['/p62'] }])
})

test('a check says which resources have an agent, with a number for code', async () => {
  const present = await register()
  const leaving = await register()
  await call('PUT', `agents/${leaving}`, { agent: { status: 'uninstall' } })
  const foreign = await register({}, 'bob')
  const ids = [present, leaving, foreign, 'unknown', present]
  const asked = ids.map(resource_id => ({ resource_id, resource_type: 'OS::Nova::Server', resource_name: 'ecs' }))
  const [status, { agent_status: found }] = await call('POST', 'agent/check', { agent_status: asked })
  assert.equal(status, 200)
  assert.deepEqual(
    found.map((one: Record<string, unknown>) => [one.resource_id, one.installed, one.code, one.version]),
    ids.map(id => (id === present ? [id, true, 0, '1.0.0'] : [id, false, 1, undefined])),
  )
  for (const agent_status of [[], [{ resource_id: present }], [{ resource_type: 'OS::Nova::Server' }], undefined]) {
    assert.deepEqual(await call('POST', 'agent/check', { agent_status }), [400, '9900'])
  }
})

test('who unregisters is gone, with an empty answer', async () => {
  const id = await register()
  const answer = await house.call('alice', 'DELETE', `${AGENTS}/${id}`)
  assert.deepEqual([answer.status, answer.body], [200, undefined])
  assert.deepEqual(await call('GET', `agents/${id}`), [404, '7410'])
  assert.deepEqual(await call('DELETE', `agents/${id}`), [404, '7410'])
})

test('readers may look; they neither register nor check', async () => {
  const id = await register()
  assert.equal((await call('GET', `agents/${id}`, undefined, 'rita'))[0], 200)
  assert.equal((await call('GET', 'agents', undefined, 'rita'))[0], 200)
  const refused = [
    ['POST', 'agents', anAgent()],
    ['PUT', `agents/${id}`, { agent: { status: 'uninstall' } }],
    ['DELETE', `agents/${id}`, undefined],
    ['POST', `agents/${id}/add-path`, { add_path: ['/srv'] }],
    ['POST', `agents/${id}/remove-path`, { remove_path: ['/srv'] }],
    ['POST', 'agent/check', { agent_status: [{ resource_id: id, resource_type: 'OS::Nova::Server' }] }],
  ] as const
  for (const [method, path, body] of refused) {
    assert.deepEqual(await call(method, path, body, 'rita'), [403, 'OpenCBR.0403'], `${method} ${path}`)
  }
})
