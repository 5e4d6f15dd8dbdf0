/** Whom the vendor names as the provider of a protection (semantics 3.3). */

const SERVER = '0daac4c5-6707-4851-97ba-169e36266b66'
const DISK = 'd1603440-187d-4516-af25-121250c7cc97'
const TURBO = '3f3c3220-245c-4805-b811-758870015881'

const providers: Readonly<Record<string, string>> = {
  server: SERVER,
  disk: DISK,
  turbo: TURBO,
  vmware: 'a13639de-00be-4e94-af30-26912d75e4a2',
  // No source names these: they are ours.
  workspace: '6f3c1c37-0a5e-4d1c-8d2c-3f1b8f7f0e11',
  rds: '2b5c1f0e-64a9-4f0f-9a52-7f3c7a8d9b12',
  file: '9e4d8a52-3b7f-4c0e-8f61-5d2a6c1b7e13',
  'OS::Nova::Server': SERVER,
  'OS::Ironic::BareMetalServer': SERVER,
  'OS::Cinder::Volume': DISK,
  'OS::Sfs::Turbo': TURBO,
}

/** By a vault's object type or a resource's type. Those no source names share the server's. */
export const providerOf = (type: string): string => providers[type] ?? SERVER
