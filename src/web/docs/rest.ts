import { readTokens } from '../tokens.ts'

interface SwaggerUi {
  preauthorizeApiKey(scheme: string, token: string): void
}
interface SwaggerSystem {
  layoutSelectors: { currentFilter(): unknown }
}
type IsShown = (thing: string[], isShownAtFirst: boolean) => boolean
declare const SwaggerUIBundle: (options: Record<string, unknown>) => SwaggerUi

const dark = matchMedia('(prefers-color-scheme: dark)')
const paint = (): void => void document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', paint)
paint()

const ui: SwaggerUi = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  // Two hundred operations at once are slow to draw and too many to read.
  docExpansion: 'none',
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  filter: true,
  plugins: [{ statePlugins: { layout: { wrapSelectors: { isShown: openWhatIsLookedFor } } } }],
  // Its badge would show the document to a stranger's server.
  validatorUrl: null,
  onComplete: signInAsThisTab,
})

/** Parts are closed at first, but those that a filter leaves over are open. */
function openWhatIsLookedFor(isShown: IsShown, { layoutSelectors }: SwaggerSystem) {
  return (_state: unknown, thing: string[], isShownAtFirst: boolean): boolean => {
    const filter = layoutSelectors.currentFilter()
    return (thing[0] === 'operations-tag' && typeof filter === 'string' && filter !== '') || isShown(thing, isShownAtFirst)
  }
}

function signInAsThisTab(): void {
  const tokens = readTokens()
  if (tokens) ui.preauthorizeApiKey('bearer', tokens.access_token)
}
