/** The real clients, in the versions that `contract/client-notes.md` speaks of, and where their builds are kept. */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Outside the clone, so that a fresh clone on the same machine finds them. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'opencbr-clients')

/** The Go SDK, whose module holds its acceptance tests as well. */
export const goSdk = { module: 'github.com/opentelekomcloud/gophertelekomcloud', version: 'v0.9.3' } as const

/** Go modules of which a program is built as it stands; the providers are found by OpenTofu under these names. */
export const goPrograms = {
  tofu: { module: 'github.com/opentofu/opentofu', version: 'v1.12.6', path: './cmd/tofu' },
  'terraform-provider-openstack': {
    module: 'github.com/terraform-provider-openstack/terraform-provider-openstack/v3',
    version: 'v3.4.0',
    path: '.',
  },
  'terraform-provider-http': { module: 'github.com/hashicorp/terraform-provider-http', version: 'v1.2.0', path: '.' },
} as const

export type GoProgram = keyof typeof goPrograms

/** Each set of Python packages has a folder of its own: their dependencies do not agree. */
export const pythonSets = {
  openstack: ['python-openstackclient==10.5.0', 'openstacksdk==4.22.0', 'otcextensions==0.34.8'],
  vendor: ['huaweicloudsdkcbr==3.1.219'],
  schemathesis: ['schemathesis==4.32.5'],
} as const

export type PythonSet = keyof typeof pythonSets

/** The acceptance tests of the Go SDK for CBR, compiled. */
export const goTests = join(cacheFolder, `${goSdk.module.split('/').at(-1)}-${goSdk.version}`, 'cbr.test')

/** A folder with nothing but that program in it. */
export const goFolder = (name: GoProgram): string => join(cacheFolder, `${name}-${goPrograms[name].version}`)
export const goBinary = (name: GoProgram): string => join(goFolder(name), name)

export const pythonFolder = (set: PythonSet): string => join(cacheFolder, 'python', set)
export const pythonBinary = (set: PythonSet, program: string): string => join(pythonFolder(set), 'bin', program)
