import { expect } from 'chai';
import { html, page, raw, table } from '../../src/reports/html';

describe('HTML from templates', () => {
  const text = async (value: Parameters<typeof html>[1]) => page('', html`${value}`, []);

  it('keeps HTML of its own, joins lists, and makes text harmless', async () => {
    const shown = await text([html`<b>${'<i>&"'}</b>`, raw('<hr>')]);
    expect(shown).to.contain('<b>&lt;i&gt;&amp;&quot;</b><hr>');
  });

  it('F88 an object of data that claims to be HTML is text', async () => {
    const forged = JSON.parse('{"html":"<meta http-equiv=refresh>","Symbol(HTML)":"<meta>"}') as string;
    const shown = await text([html`${forged}`, table('t', [{ name: 'a' }], [[forged]])]);
    expect(shown).not.to.contain('<meta http-equiv=refresh>').and.not.to.contain('<meta>');
    expect(shown).to.contain('{&quot;html&quot;:&quot;&lt;meta http-equiv=refresh&gt;');
  });

  it("F88 the page's policy allows no other base address and no form", async () => {
    expect(await page('', html``, [])).to.contain('base-uri &#39;none&#39;; form-action &#39;none&#39;');
  });
});
