import { html } from 'htm/preact'
import { useEffect } from 'preact/hooks'
import type { Creator } from '../../features/profiles/contract.ts'
import { About } from '../fan/about.ts'
import { Live } from '../fan/live.ts'
import { Header } from '../kit/page.ts'
import { Loading, Show, useLoaded } from '../kit/parts.ts'
import { useRoute } from '../kit/route.ts'
import { useSession } from '../kit/session.ts'
import { mount } from '../mount.ts'
import { GuestTip } from './guest-tip.ts'
import { ReceiptView } from './receipt.ts'

const lookAgainMs = 10_000
// The address is /@handle.
const handle = decodeURIComponent(location.pathname.slice(1))
const ownView = `/fan/#/creator/${encodeURIComponent(handle)}`

/** A creator as the whole world sees them: the address that goes into a biography, where one can tip without an account. */
function PublicPage() {
  const session = useSession()
  const [view, receipt = ''] = useRoute()
  const { user, client } = session
  const isReceipt = view === 'receipt'
  // Who is signed in has everything, and a live connection, in their own view.
  useEffect(() => {
    if (user && !isReceipt) location.replace(ownView)
  }, [user, isReceipt])

  return html`
    <${Header} session=${session} sections=${[]} current="" title="Ovation" />
    <main id="main">${isReceipt ? html`<${ReceiptView} client=${client} receipt=${receipt} />` : user === null ? html`<${Shown} client=${client} />` : html`<${Loading} />`}</main>
  `
}

function Shown({ client }: Pick<ReturnType<typeof useSession>, 'client'>) {
  const creator = useLoaded(() => client.call('creator:read', { creator_id: handle }), [])
  useEffect(() => {
    if (creator.value) document.title = `${creator.value.name} · Ovation`
  }, [creator.value])
  return html`
    <${Show} of=${creator}>${(found: Creator) => html`
      <${About} creator=${found}><a class="button" href=${`/?next=${encodeURIComponent(ownView)}`}>Sign in to follow</a><//>
      <${GuestTip} client=${client} creator=${found} />
      <${Live} client=${client} creator=${found} everyMs=${lookAgainMs} />`}<//>
  `
}

mount(html`<${PublicPage} />`)
