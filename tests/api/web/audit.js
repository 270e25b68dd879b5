// What a reader with less than perfect eyes or hands would stumble on: sideways scrolling (WCAG 1.4.10),
// text without contrast (1.4.3), targets that are too small (2.5.8). Run in the page; gives a list of faults.
() => {
  const faults = [];
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) faults.push(`scrolls sideways by ${wide}`);
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number); return {r, g, b, a}; };
  const mix = (top, under) => ({ r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a),
                                 b: top.b * top.a + under.b * (1 - top.a), a: 1 });
  const ground = (element) => {
      if (!element) return parse(getComputedStyle(document.body).backgroundColor);
      const own = parse(getComputedStyle(element).backgroundColor);
      return own.a === 1 ? own : mix(own, ground(element.parentElement));
  };
  const light = ({r, g, b}) => [r, g, b].map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.textContent.trim() || !element.checkVisibility() || element.closest("[aria-hidden=true]")) continue;
      const style = getComputedStyle(element), under = ground(element), colour = mix(parse(style.color), under);
      const [a, b] = [light(colour), light(under)].sort((x, y) => y - x);
      const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: ${walker.currentNode.textContent.trim().slice(0, 40)}`);
  }
  for (const target of document.querySelectorAll("a, button, input:not([type=hidden]), summary")) {
      if (!target.checkVisibility() || target.closest("p") || target.classList.contains("skip")) continue;
      const box = (target.closest("label") ?? target).getBoundingClientRect();
      const stretched = target.classList.contains("row__link");
      if (!stretched && (box.height < 24 || box.width < 24)) faults.push(`small target: ${target.outerHTML.slice(0, 80)}`);
  }
  return [...new Set(faults)];
    }
