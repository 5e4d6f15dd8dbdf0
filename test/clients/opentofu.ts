/** OpenTofu with providers that were built here: no registry is asked, and nothing has to be initialised. */
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { attempt, run } from './programs.ts'
import { type Account, DOMAIN, REGION, type Stage } from './stage.ts'
import { goBinary, goFolder } from './tools.ts'

const configuration = fileURLToPath(new URL('opentofu/', import.meta.url))

const CLI = `provider_installation {
  dev_overrides {
    "terraform-provider-openstack/openstack" = "${goFolder('terraform-provider-openstack')}"
    "hashicorp/http" = "${goFolder('terraform-provider-http')}"
  }
}
`

/** Variables of the environment that say who signs in. */
export type SignIn = Readonly<Record<string, string>>

export const byPassword = (stage: Stage, { user, password, project }: Account): SignIn => ({
  ...atRegion(stage),
  OS_USERNAME: user,
  OS_PASSWORD: password,
  OS_PROJECT_NAME: project,
  OS_USER_DOMAIN_NAME: DOMAIN,
  OS_PROJECT_DOMAIN_NAME: DOMAIN,
})

export const byToken = (stage: Stage, { projectId }: Account, token: string): SignIn => ({
  ...atRegion(stage),
  OS_TOKEN: token,
  OS_PROJECT_ID: projectId,
})

const atRegion = ({ url }: Stage) => ({ OS_AUTH_URL: `${url}/identity/v3`, OS_REGION_NAME: REGION })

export interface Tofu {
  /** What `tofu WORDS` printed; an Error with everything it said when it fails. */
  run(signIn: SignIn, ...words: readonly string[]): Promise<string>
  /** The actions a plan would take, `update openstack_images_image_v2.whole`; none when it would change nothing. */
  plan(signIn: SignIn, ...words: readonly string[]): Promise<readonly string[]>
  outputs(): Promise<Outputs>
}

// biome-ignore lint/suspicious/noExplicitAny: what the configuration says; each use says what it reads
type Outputs = Readonly<Record<string, any>>

/** The configuration of test/clients/opentofu, with a state of its own. */
export async function openTofu({ folder }: Stage): Promise<Tofu> {
  const cwd = join(folder, 'tofu')
  await mkdir(cwd)
  await cp(configuration, cwd, { recursive: true })
  await writeFile(join(cwd, 'cli.tfrc'), CLI)
  const asked = (words: readonly string[], signIn: SignIn = {}) => ({
    words: [...words, '-no-color'],
    environment: { TF_CLI_CONFIG_FILE: join(cwd, 'cli.tfrc'), TF_IN_AUTOMATION: 'yes', ...signIn },
    cwd,
  })
  const tofu = goBinary('tofu')
  return {
    run: (signIn, ...words) => run(tofu, asked(words, signIn)),
    async plan(signIn, ...words) {
      const planned = ['plan', '-input=false', '-detailed-exitcode', '-out=plan', ...words]
      const { code, out, err } = await attempt(tofu, asked(planned, signIn))
      if (code !== 0 && code !== 2) throw new Error(`tofu ${planned.join(' ')}: ended with ${code}\n${out}\n${err}`)
      const shown = JSON.parse(await run(tofu, asked(['show', '-json', 'plan'])))
      const actions = actionsOf(shown)
      // Changes of outputs alone count too, and have no action.
      if (code === 2 && actions.length === 0) return ['outputs']
      return actions
    },
    async outputs() {
      const shown: Readonly<Record<string, { readonly value: unknown }>> = JSON.parse(
        await run(tofu, asked(['output', '-json'])),
      )
      return Object.fromEntries(Object.entries(shown).map(([name, { value }]) => [name, value]))
    },
  }
}

interface Plan {
  readonly resource_changes?: readonly {
    readonly address: string
    readonly mode: string
    readonly change: { readonly actions: readonly string[] }
  }[]
}

const actionsOf = ({ resource_changes: changes = [] }: Plan): readonly string[] =>
  changes
    .filter(({ mode, change }) => mode === 'managed' && change.actions.join() !== 'no-op')
    .map(({ address, change }) => `${change.actions.join(', ')} ${address}`)
    .sort()
