import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { Overlay, OverlayLink } from '../../features/overlays/contract.ts'
import type { OwnCreator } from '../../features/profiles/contract.ts'
import type { Tip } from '../../features/tips/contract.ts'
import { formatMoney } from '../format.ts'
import { Trouble, useAction, valuesOf } from './parts.ts'
import { sentenceOf } from './words.ts'

const shownTips = 20

/** The creator's side: where alerts go, and the tips as they come. */
export function Overlays({ client }: { client: Client }) {
  const [overlays, setOverlays] = useState<Overlay[] | undefined>()
  const [link, setLink] = useState<OverlayLink | undefined>()
  const [note, setNote] = useState('')
  const [error, setError] = useState('')
  const load = (): void => void client.call('overlay:list', {}).then(({ data }) => setOverlays(data), (failure: unknown) => setError(sentenceOf(failure)))
  useEffect(() => {
    load()
    const stops = [client.on('overlay:connected', load), client.on('alert:queue-updated', load), client.on('session:ready', load)]
    return () => stops.forEach((stop) => stop())
  }, [])
  const create = useAction(async () => {
    setLink(await client.call('overlay:create', {}))
    load()
  })
  const rotate = useAction(async (overlay_id: string) => {
    setLink(await client.call('overlay:rotate', { overlay_id }))
    setNote('The old address stopped working.')
  })
  const test = useAction(async (overlay_id: string) => {
    await client.call('alert:test', { overlay_id })
    setNote('Test alert sent.')
  })
  const copy = useAction(async () => {
    await navigator.clipboard.writeText(link?.url ?? '')
    setNote('Address copied.')
  })
  const trouble = [error, create.error, rotate.error, test.error, copy.error].find((each) => each !== '')

  return html`
    <section class="card" aria-labelledby="overlay-title">
      <h2 id="overlay-title">Stream overlay</h2>
      <p class="soft">Add it to OBS as a browser source, 1920 × 1080. Tips play there as alerts.</p>
      ${link && html`
        <p><strong>Copy this address now.</strong> It is shown only this once; whoever has it sees your alerts.</p>
        <code class="address" data-testid="overlay-url">${link.url}</code>
        <div class="row"><button type="button" onClick=${() => copy.run()}>Copy address</button><a href=${link.url} target="_blank" rel="noreferrer">Open it</a></div>`}
      <p class="good" role="status">${note}</p>
      ${trouble && html`<${Trouble} text=${trouble} />`}
      ${!overlays && !error && html`<p class="soft">Loading…</p>`}
      ${overlays?.length === 0 && html`<p class="soft">You have no overlay yet.</p>`}
      ${overlays && overlays.length > 0 && html`<ul class="list">${overlays.map((overlay) => html`
        <li key=${overlay.overlay_id}>
          <span>${overlay.name} <span class=${overlay.online ? 'chip on' : 'chip'}>${overlay.online ? 'connected' : 'not connected'}</span>${overlay.queued > 0 && html` <span class="chip">${overlay.queued} waiting</span>`}</span>
          <span class="row">
            <button type="button" class="plain" disabled=${test.busy} onClick=${() => test.run(overlay.overlay_id)}>Test alert</button>
            <button type="button" class="plain" disabled=${rotate.busy} onClick=${() => rotate.run(overlay.overlay_id)}>New address</button>
          </span>
        </li>`)}</ul>`}
      <button type="button" disabled=${create.busy} onClick=${() => create.run()}>Create overlay</button>
    </section>
  `
}

export function IncomingTips({ client }: { client: Client }) {
  const [tips, setTips] = useState<Tip[] | undefined>()
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set())
  const [error, setError] = useState('')
  const load = (): void => void client.call('tip:list', { limit: shownTips }).then(({ data }) => setTips(data), (failure: unknown) => setError(sentenceOf(failure)))
  useEffect(() => {
    load()
    const stops = [
      // What came while the connection was away is in the list.
      client.on('session:ready', load),
      client.on('tip:received', (tip) => {
        setFresh((before) => new Set([...before, tip.tip_id]))
        setTips((before = []) => [tip, ...before.filter((each) => each.tip_id !== tip.tip_id)].slice(0, shownTips))
      }),
    ]
    return () => stops.forEach((stop) => stop())
  }, [])
  return html`
    <section class="card" aria-labelledby="tips-title">
      <h2 id="tips-title">Tips, live</h2>
      ${error && html`<${Trouble} text=${error} />`}
      ${!tips && !error && html`<p class="soft">Loading…</p>`}
      ${tips?.length === 0 && html`<p class="soft">No tips yet. They appear here the moment they are paid.</p>`}
      <ul class="list" aria-live="polite">${tips?.map((tip) => html`
        <li key=${tip.tip_id} class=${fresh.has(tip.tip_id) ? 'news' : ''}>
          <span><strong>${tip.name ?? 'Someone'}</strong>${tip.message && html`<br />${tip.message}`}</span><span class="amount">${formatMoney(tip.amount, tip.currency)}</span>
        </li>`)}</ul>
    </section>
  `
}

export function Profile({ client }: { client: Client }) {
  const [profile, setProfile] = useState<OwnCreator | undefined>()
  const [saved, setSaved] = useState('')
  useEffect(() => void client.call('creator:me', {}).then(setProfile, () => setTimeout(() => void client.call('creator:me', {}).then(setProfile, () => {}), 1_000)), [])
  const save = useAction(async ({ full_name = '', bio = '' }: Record<string, string>) => {
    setProfile(await client.call('creator:update', { full_name, bio }))
    setSaved('Saved.')
  })
  if (!profile) return html`<section class="card"><h2>Your page</h2><p class="soft">Loading…</p></section>`
  return html`
    <section class="card" aria-labelledby="profile-title">
      <h2 id="profile-title">Your page</h2>
      <form onSubmit=${(event: Event) => save.run(valuesOf(event))} onInput=${() => setSaved('')}>
        <label>Name <input name="full_name" required maxlength="100" value=${profile.full_name} /></label>
        <label>About you <textarea name="bio" rows="3" maxlength="1000" value=${profile.bio}></textarea></label>
        ${save.error && html`<${Trouble} text=${save.error} />`}
        <p class="good" role="status">${saved}</p>
        <button class="plain" disabled=${save.busy}>Save</button>
      </form>
    </section>
  `
}
