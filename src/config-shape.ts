/** Every key that the configuration has (docs/design.md, Configuration file). */
import {
  anything,
  flag,
  group,
  list,
  named,
  network,
  oneOf,
  optional,
  secret,
  text,
  wholeNumber,
} from './config-rules.ts'

const address = text(/^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):\d{1,5}$/, 'HOST:PORT')
const projectId = /^[0-9a-f]{32}$/
const regionName = /^[a-zA-Z0-9._-]{1,64}$/
const anyId = /^[A-Za-z0-9_-]{1,64}$/
const httpUrl = text(/^https?:\/\/[^/\s]+(\/\S*)?$/, 'an http:// or https:// URL')

const disk = group({
  id: optional(text(anyId, 'an id')),
  project: text(),
  name: text(),
  path: text(),
  format: optional(oneOf('raw', 'qcow2', 'vmdk', 'vhdx', 'vpc', 'nbd')),
})

/** Of work that nobody waits for. */
const mibPerSecond = wholeNumber(1, 1_000_000)

export const shape = group({
  listen: optional(address),
  publicUrl: optional(httpUrl),
  trustedProxies: optional(list(network())),
  dataDir: optional(text()),
  region: optional(text(regionName, 'letters, digits, dots, dashes')),
  availabilityZone: optional(text(/^[a-zA-Z0-9._-]{1,32}$/, 'letters, digits, dots, dashes')),
  logLevel: optional(oneOf('debug', 'info', 'warn', 'error', 'silent')),
  metadata: optional(group({ url: text(/^(sqlite:|postgres(ql)?:\/\/)/, 'sqlite: or postgres://') })),
  chunkStore: optional(
    group({
      url: optional(text(/^(file:|s3:\/\/)/, 'file: or s3://')),
      indexMemoryMib: optional(wholeNumber(1, 1_000_000)),
      accessKey: optional(secret()),
      secretKey: optional(secret()),
    }),
  ),
  keys: optional(
    group({ file: optional(text()), passphrase: optional(secret()), passphraseCommand: optional(list(text())) }),
  ),
  identity: optional(
    group({
      embedded: optional(
        group({
          tokenSeconds: optional(wholeNumber(60, 31_536_000)),
          domains: list(
            group({
              id: optional(text(anyId, 'an id')),
              name: text(),
              projects: optional(
                list(
                  group({
                    id: optional(text(projectId, '32 lower-case hex digits')),
                    name: text(),
                    description: optional(text()),
                    enabled: optional(flag()),
                  }),
                ),
              ),
              users: optional(
                list(
                  group({
                    id: optional(text(anyId, 'an id')),
                    name: text(),
                    password: optional(secret()),
                    enabled: optional(flag()),
                    roles: optional(named(list(text()))),
                    accessKeys: optional(list(group({ ak: text(), sk: secret() }))),
                  }),
                ),
              ),
              policies: optional(list(group({ name: text(), document: anything() }))),
            }),
          ),
        }),
      ),
      keystone: optional(
        group({
          authUrl: httpUrl,
          user: text(),
          password: secret(),
          project: optional(text()),
          domain: optional(text()),
        }),
      ),
    }),
  ),
  resources: optional(
    group({
      local: optional(
        group({
          disks: optional(list(disk)),
          servers: optional(
            list(
              group({
                id: optional(text(anyId, 'an id')),
                project: text(),
                name: text(),
                disks: list(text()),
                qmp: optional(text()),
                guestAgent: optional(text()),
              }),
            ),
          ),
          machinesFolder: optional(text()),
          backingFolders: optional(list(text())),
        }),
      ),
    }),
  ),
  replication: optional(
    group({
      withinRegion: optional(flag()),
      peers: optional(
        list(
          group({
            region: text(regionName, 'letters, digits, dots, dashes'),
            url: httpUrl,
            authUrl: optional(httpUrl),
            user: text(),
            password: secret(),
            domain: optional(text()),
            projects: named(list(text(projectId, '32 lower-case hex digits'))),
          }),
        ),
      ),
    }),
  ),
  exports: optional(
    group({
      listen: optional(address),
      host: optional(text(/^[A-Za-z0-9.:-]{1,253}$/, 'a name or an address')),
      certificate: optional(secret()),
      key: optional(secret()),
    }),
  ),
  integrity: optional(
    group({
      scrub: optional(group({ everyDays: optional(wholeNumber(0, 3650)), mibPerSecond: optional(mibPerSecond) })),
      verification: optional(group({ mibPerSecond })),
      collection: optional(group({ mibPerSecond })),
    }),
  ),
  webhooks: optional(group({ allow: optional(list(network())), timeoutSeconds: optional(wholeNumber(1, 60)) })),
  limits: optional(
    group({
      vaults: optional(wholeNumber(0, 1_000_000)),
      smallestVaultGb: optional(wholeNumber(1, 10_485_760)),
      webhooks: optional(wholeNumber(0, 1000)),
    }),
  ),
})

export type Written = ReturnType<(typeof shape)['read']>
/** The type of a key that may be absent, itself or what holds it. */
export type Inside<T, K extends keyof NonNullable<T>> = NonNullable<NonNullable<T>[K]>
