import { readTokens } from '../tokens.ts'

interface SwaggerUi {
  preauthorizeApiKey(scheme: string, token: string): void
}
declare const SwaggerUIBundle: (options: Record<string, unknown>) => SwaggerUi

const dark = matchMedia('(prefers-color-scheme: dark)')
const paint = (): void => void document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', paint)
paint()

const ui: SwaggerUi = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  filter: true,
  // Its badge would show the document to a stranger's server.
  validatorUrl: null,
  onComplete: signInAsThisTab,
})

function signInAsThisTab(): void {
  const tokens = readTokens()
  if (tokens) ui.preauthorizeApiKey('bearer', tokens.access_token)
}
