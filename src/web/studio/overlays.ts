import { html } from 'htm/preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { encode } from 'uqr'
import type { Overlay, OverlayLink } from '../../features/overlays/contract.ts'
import type { ViewProps } from '../kit/page.ts'
import { Confirm, Show, Trouble, useAction, useLoaded, valuesOf, When } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'

/** Overlays, and how one gets into OBS. The secret address is told once, so the four steps begin with it. */
export function OverlaysView({ client }: ViewProps) {
  const overlays = useLoaded(() => client.call('overlay:list', {}), [])
  const [link, setLink] = useState<OverlayLink | undefined>()
  const [replacing, setReplacing] = useState<Overlay | undefined>()
  const [note, setNote] = useState('')
  useEffect(() => {
    const stops = [client.on('overlay:connected', overlays.reload), client.on('alert:queue-updated', overlays.reload), client.on('session:ready', overlays.reload)]
    return () => stops.forEach((stop) => stop())
  }, [])
  const create = useAction(async ({ name = '' }: Record<string, string>) => {
    setLink(await client.call('overlay:create', name ? { name } : {}))
    overlays.reload()
  })
  const rotate = useAction(async (overlay_id: string) => {
    setLink(await client.call('overlay:rotate', { overlay_id }))
    setNote('The old address stopped working.')
  })
  const test = useAction(async (overlay_id: string) => {
    await client.call('alert:test', { overlay_id })
    setNote('Test alert sent.')
  })
  const linked = overlays.value?.data.find((each) => each.overlay_id === link?.overlay_id)

  return html`
    ${link && html`<${Steps} link=${link} online=${linked?.online ?? false} onTest=${() => test.run(link.overlay_id)} />`}
    <section class="card wide" aria-labelledby="overlays-title">
      <h1 id="overlays-title">Overlays</h1>
      <p class="soft">An overlay is a page for OBS on which tips play as alerts.</p>
      <p class="good" role="status">${note}</p>
      ${[create.error, rotate.error, test.error].filter(Boolean).map((text) => html`<${Trouble} key=${text} text=${text} />`)}
      <${Show} of=${overlays}>${({ data }: { data: Overlay[] }) => html`
        ${data.length === 0 && html`<p class="soft">You have no overlay yet.</p>`}
        <ul class="list">${data.map((overlay) => html`
          <li key=${overlay.overlay_id}>
            <span>${overlay.name} <span class=${overlay.online ? 'chip on' : 'chip'}>${overlay.online ? 'connected' : 'not connected'}</span>${overlay.queued > 0 && html` <span class="chip">${overlay.queued} waiting</span>`}
              ${overlay.last_connected_at && html`<br /><span class="soft">last connected <${When} at=${overlay.last_connected_at} /></span>`}</span>
            <span class="row">
              <button type="button" class="plain" disabled=${test.busy} onClick=${() => test.run(overlay.overlay_id)}>Test alert</button>
              <a class="button plain" href=${hrefOf('variations', overlay.overlay_id)}>Looks</a>
              <a class="button plain" href=${hrefOf('alerts', overlay.overlay_id)}>Queue</a>
              <button type="button" class="plain" disabled=${rotate.busy} onClick=${() => setReplacing(overlay)}>New address</button>
            </span>
          </li>`)}</ul>`}<//>
      <form class="row" onSubmit=${(event: Event) => create.run(valuesOf(event))}>
        <label>Name <input name="name" maxlength="60" placeholder="Overlay" autocomplete="off" /></label>
        <button disabled=${create.busy}>Create overlay</button>
      </form>
    </section>
    ${replacing && html`<${Confirm} question="Replace the address?" detail=${`${replacing.name} stops playing wherever its present address is used, at once.`} yes="Replace it"
      onYes=${() => {
        rotate.run(replacing.overlay_id)
        setReplacing(undefined)
      }} onNo=${() => setReplacing(undefined)} />`}
  `
}

function Steps({ link: { url }, online, onTest }: { link: OverlayLink; online: boolean; onTest: () => void }) {
  const [note, setNote] = useState('')
  const copy = useAction(async () => {
    await navigator.clipboard.writeText(url)
    setNote('Address copied.')
  })
  return html`
    <section class="card wide" aria-labelledby="steps-title">
      <h2 id="steps-title">Put it on your stream</h2>
      <ol class="steps">
        <li><strong>Copy this address now.</strong> It is shown only this once; whoever has it sees your alerts.
          <code class="address" data-testid="overlay-url">${url}</code>
          <div class="row"><button type="button" onClick=${() => copy.run()}>Copy address</button><a href=${url} target="_blank" rel="noreferrer">Open it</a></div>
          ${copy.error && html`<${Trouble} text="Your browser does not let a page copy here. Select the address and copy it." />`}
          <p class="good" role="status">${note}</p>
          <details><summary>On another device: scan it</summary><${QrCode} text=${url} /></details></li>
        <li><strong>In OBS, add a source</strong> of the kind Browser and paste the address.</li>
        <li><strong>Set width 1920 and height 1080</strong>, and leave “Shutdown source when not visible” off.</li>
        <li><strong>Send a test alert.</strong> <span class=${online ? 'chip on' : 'chip'}>${online ? 'connected' : 'waiting for OBS…'}</span>
          <p><button type="button" class="plain" onClick=${onTest}>Test alert</button></p></li>
      </ol>
      <h3>Preview</h3>
      <iframe class="preview" src=${url} title="Preview of the overlay"></iframe>
    </section>
  `
}

/** Drawn here: a picture service would learn the address. */
function QrCode({ text }: { text: string }) {
  const { size, path } = useMemo(() => {
    const { size, data } = encode(text, { border: 2 })
    const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
    return { size, path }
  }, [text])
  return html`<svg class="qr" viewBox=${`0 0 ${size} ${size}`} role="img" aria-label="QR code of the overlay address"><rect width=${size} height=${size} fill="#fff" /><path d=${path} fill="#000" /></svg>`
}
