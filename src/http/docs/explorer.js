// The API explorer: Swagger UI over /openapi.json, with one sign-in for all its calls, and code that makes each call.
const definition = await (await fetch('/openapi.json')).json()
const byId = id => document.getElementById(id)

/** Who is signed in; kept in this page only, gone with it. */
let session

function draw() {
  const signedIn = session !== undefined
  byId('sign-in').hidden = signedIn
  byId('signed-in').hidden = !signedIn
  byId('who').textContent = signedIn ? `${session.user} in ${session.project}` : ''
  const ui = window.SwaggerUIBundle({
    spec: signedIn ? withProject(session.projectId) : definition,
    domNode: byId('explorer'),
    deepLinking: true,
    docExpansion: 'list',
    filter: true,
    tryItOutEnabled: signedIn,
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    plugins: [samplesPlugin],
    onComplete: () => signedIn && ui.preauthorizeApiKey('token', session.token),
  })
}

/** Swagger UI fills in a parameter's default. */
function withProject(projectId) {
  const filled = structuredClone(definition)
  for (const methods of Object.values(filled.paths))
    for (const { parameters } of Object.values(methods))
      for (const parameter of parameters) if (parameter.name === 'project_id') parameter.schema.default = projectId
  return filled
}

byId('sign-in').addEventListener('submit', async event => {
  event.preventDefault()
  const given = Object.fromEntries(new FormData(event.target))
  byId('trouble').textContent = ''
  try {
    session = await signIn(given)
    event.target.elements.password.value = ''
    draw()
  } catch (error) {
    byId('trouble').textContent = error.message
  }
})

byId('sign-out').addEventListener('click', async () => {
  const { token } = session
  session = undefined
  draw()
  await fetch('/identity/v3/auth/tokens', {
    method: 'DELETE',
    headers: { 'X-Auth-Token': token, 'X-Subject-Token': token },
  })
})

async function signIn({ domain, user, password, project }) {
  const response = await fetch('/identity/v3/auth/tokens', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name: user, domain: { name: domain }, password } } },
        scope: { project: { name: project, domain: { name: domain } } },
      },
    }),
  })
  const body = await response.json()
  if (response.status !== 201) throw new Error(`Signing in failed: ${body.error?.message ?? response.status}`)
  return {
    user: body.token.user.name,
    project: body.token.project.name,
    projectId: body.token.project.id,
    token: response.headers.get('X-Subject-Token'),
  }
}

/** Puts the code below each operation's parameters. */
function samplesPlugin({ React }) {
  const make = React.createElement
  const Samples = ({ samples }) => {
    const [chosen, choose] = React.useState(0)
    const [copied, setCopied] = React.useState(false)
    const source = filledIn(samples[chosen].source)
    const copy = async () => {
      await navigator.clipboard.writeText(source)
      setCopied(true)
      setTimeout(() => setCopied(false), 1500)
    }
    return make(
      'section',
      { className: 'samples', 'aria-label': 'Sample code' },
      make('h4', null, 'Sample code'),
      make(
        'div',
        { className: 'choice' },
        samples.map(({ label }, at) =>
          make(
            'button',
            { key: label, type: 'button', 'aria-pressed': at === chosen, onClick: () => choose(at) },
            label,
          ),
        ),
        make('button', { className: 'copy', type: 'button', onClick: copy }, copied ? 'Copied' : 'Copy'),
      ),
      make('pre', { tabIndex: 0 }, make('code', null, source)),
    )
  }
  return {
    wrapComponents: {
      responses: Original => props => {
        const samples = definition.paths[props.path]?.[props.method]?.['x-codeSamples']
        return make('div', null, samples && make(Samples, { samples }), make(Original, props))
      },
    },
  }
}

const filledIn = source =>
  source.replaceAll('{endpoint}', location.origin).replaceAll('{project_id}', session?.projectId ?? '{project_id}')

draw()
