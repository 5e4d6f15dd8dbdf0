import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Config, ConfigError, type ConfigSources, loadConfig } from './config.ts'

const folder = mkdtempSync(join(tmpdir(), 'opencbr-config-'))
after(() => rmSync(folder, { recursive: true }))

function load(yaml: string, sources: Partial<ConfigSources> = {}): Config {
  writeFileSync(join(folder, 'c.yaml'), yaml)
  return loadConfig({ file: 'c.yaml', environment: {}, workingFolder: folder, ...sources })
}

function mistakes(yaml: string, environment: Record<string, string> = {}): readonly string[] {
  try {
    load(yaml, { environment })
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
  return []
}

const WHOLE = `
listen: 127.0.0.1:9000
dataDir: ./data
region: eu-1
metadata: { url: "sqlite:" }
chunkStore: { url: "file:" }
keys: { file: master.key }
identity:
  embedded:
    domains:
      - name: acme
        projects: [ { name: alpha, id: 0605767b5780d5762fc5c0118072a564 }, { name: beta } ]
        users:
          - { name: alice, password: "p", roles: { alpha: ["CBR FullAccess"] }, accessKeys: [ { ak: AKALICE, sk: { file: sk } } ] }
resources:
  local:
    disks:   [ { project: alpha, name: db-01-root, path: ./db-01.raw, format: raw } ]
    servers: [ { project: alpha, name: db-01, disks: [ db-01-root ] } ]
`

test('without anything everything has its default', () => {
  const config = loadConfig({ environment: {}, workingFolder: '/srv' })
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 8799 })
  assert.equal(config.dataDir, '/srv/opencbr-data')
  assert.equal(config.region, 'local-1')
  assert.equal(config.keys.file, '/srv/opencbr-data/master.key')
  assert.equal(config.identity, undefined)
  assert.ok(Object.isFrozen(config))
})

test('the documented file is read whole; its relative paths start at its folder', () => {
  writeFileSync(join(folder, 'sk'), 'secret\n')
  const config = load(WHOLE)
  assert.equal(config.dataDir, join(folder, 'data'))
  assert.equal(config.keys.file, join(folder, 'data', 'master.key'))
  assert.equal(config.resources.disks[0]?.path, join(folder, 'db-01.raw'))
  assert.deepEqual(config.resources.servers[0]?.disks, ['db-01-root'])
  const [alice] = config.identity?.embedded?.domains[0]?.users ?? []
  assert.deepEqual(alice?.accessKeys, [{ ak: 'AKALICE', sk: 'secret' }])
})

test('sockets of machines and their folder are paths like any other', () => {
  const { resources, dataDir } = load('resources: { local: { servers: [{ project: a, name: b, disks: [], qmp: q }] } }')
  assert.deepEqual([resources.servers[0]?.qmp, resources.servers[0]?.guestAgent], [join(folder, 'q'), undefined])
  assert.equal(resources.machinesFolder, join(dataDir, 'machines'))
  assert.equal(load('resources: { local: { machinesFolder: m } }').resources.machinesFolder, join(folder, 'm'))
})

test('JSON is accepted, an empty file too', () => {
  assert.equal(load('{"region": "x"}').region, 'x')
  assert.equal(load('').region, 'local-1')
})

test('the environment lies over the file, the command line over both', () => {
  const environment = {
    OPENCBR_LISTEN: '[::1]:1',
    OPENCBR_METADATA_URL: 'postgres://a:b@c/d',
    OPENCBR_LIMITS_VAULTS: '3',
    OPENCBR_RESOURCES_LOCAL_SERVERS: '[]',
    OPENCBR_REGION: '',
    PATH: '/bin',
  }
  const config = load(WHOLE, { environment })
  assert.deepEqual(config.listen, { host: '::1', port: 1 })
  assert.equal(config.metadata.url, 'postgres://a:b@c/d')
  assert.equal(config.limits.vaults, 3)
  assert.deepEqual(config.resources.servers, [])
  assert.equal(config.region, 'eu-1')
  const line = load(WHOLE, { environment, listen: '0.0.0.0:2', dataDir: 'elsewhere', workingFolder: folder })
  assert.deepEqual(line.listen, { host: '0.0.0.0', port: 2 })
  assert.equal(line.dataDir, join(folder, 'elsewhere'))
})

test('a secret may stand in the environment, under a name of our own prefix too', () => {
  const yaml = WHOLE.replace('password: "p"', 'password: { env: OPENCBR_ALICE }')
  assert.equal(
    load(yaml, { environment: { OPENCBR_ALICE: 's' } }).identity?.embedded?.domains[0]?.users?.[0]?.password,
    's',
  )
  assert.deepEqual(mistakes(yaml), [
    'identity.embedded.domains[0].users[0].password: the environment has no OPENCBR_ALICE',
  ])
})

test('all mistakes are told at once, unknown keys with the nearest that there is', () => {
  const yaml = 'regoin: x\nlisten: 80\nmetadata: { ulr: "sqlite:" }\nresources: { local: { disks: [ { name: a } ] } }\n'
  assert.deepEqual(mistakes(yaml, { OPENCBR_LISTN: '1' }), [
    "regoin: there is no such key; the nearest is 'region'",
    "listen: must be HOST:PORT, not '80'",
    "metadata.ulr: there is no such key; the nearest is 'url'",
    'metadata.url: is missing',
    'resources.local.disks[0].project: is missing',
    'resources.local.disks[0].path: is missing',
    "OPENCBR_LISTN: there is no such variable; the nearest is 'OPENCBR_LISTEN'",
  ])
})

test('wrong forms and contradictions are mistakes', () => {
  assert.deepEqual(mistakes('listen: 127.0.0.1:70000'), ['listen: there is no port 70000'])
  assert.deepEqual(mistakes('identity: {}'), ['identity: must have one of embedded and keystone'])
  assert.deepEqual(mistakes('resources: { local: { servers: [{ project: a, name: b, disks: [], guestAgent: c }] } }'), [
    'resources.local.servers[0]: must have qmp where it has guestAgent',
  ])
  assert.deepEqual(mistakes('identity: { embedded: { domains: { a: 1 } } }'), [
    'identity.embedded.domains: must be a list',
  ])
  assert.deepEqual(mistakes('limits: { vaults: -1 }'), ['limits.vaults: must be a whole number from 0 to 1000000'])
  assert.deepEqual(mistakes('- a'), ['c.yaml: is not a group of keys'])
  assert.match(mistakes('a: [')[0] ?? '', /^c\.yaml: .+/)
  assert.deepEqual(mistakes('', { OPENCBR_LIMITS_VAULTS: '[' }).slice(0, 1), ['OPENCBR_LIMITS_VAULTS: is not YAML'])
})

test('a bucket is named with all that leads to it', () => {
  const url = 's3://backups?endpoint=http://127.0.0.1:9000/&region=eu-1&pathStyle=true&prefix=/a/b/'
  const environment = { OPENCBR_CHUNK_STORE_URL: url, OPENCBR_CHUNK_STORE_ACCESS_KEY: 'AK', STORE_SECRET: 'SK' }
  const config = load('chunkStore: { secretKey: { env: STORE_SECRET } }', { environment })
  assert.deepEqual(config.chunkStore.s3, {
    bucket: 'backups',
    endpoint: 'http://127.0.0.1:9000',
    region: 'eu-1',
    pathStyle: true,
    prefix: 'a/b',
    accessKey: 'AK',
    secretKey: 'SK',
  })
  const ofAws = load('chunkStore: { url: "s3://backups", accessKey: AK, secretKey: SK }').chunkStore.s3
  assert.equal(ofAws?.endpoint, undefined)
  assert.equal(ofAws?.pathStyle, false)
  assert.equal(load('chunkStore: { url: "file:/srv/store" }').chunkStore.s3, undefined)
})

test('all that is wrong with a bucket is told, and no secret with it', () => {
  const url = 's3://AK:hush@Backups/folder?endpoint=ftp://x&pathstyle=1&pathStyle=maybe&prefix=../x&region=Eu'
  assert.deepEqual(mistakes(`chunkStore: { url: "${url}", secretKey: SK }`), [
    "chunkStore.url: must name a bucket, as in s3://BUCKET?endpoint=..., not 'Backups'",
    'chunkStore.url: holds a secret: give it as chunkStore.accessKey and chunkStore.secretKey',
    "chunkStore.url: must have no path: folders in the bucket are named by 'prefix'",
    'chunkStore.url: endpoint must be an http:// or https:// URL without a path',
    "chunkStore.url: region must be lower-case letters, digits and dashes, not 'Eu'",
    'chunkStore.url: pathStyle must be true or false',
    "chunkStore.url: prefix must be lower-case letters, digits, dots and dashes, not '../x'",
    "chunkStore.url: there is no parameter 'pathstyle'; the nearest is 'pathStyle'",
    'chunkStore.accessKey: must be there for an s3:// store',
  ])
  assert.match(mistakes('chunkStore: { url: "s3://" }')[0] ?? '', /^chunkStore\.url: must name a bucket/)
})

test('a file that is not there is a mistake of its own', () => {
  assert.throws(
    () => loadConfig({ file: 'nope.yaml', environment: {}, workingFolder: folder }),
    error => error instanceof ConfigError && error.message === 'nope.yaml: cannot be read (ENOENT)',
  )
})
