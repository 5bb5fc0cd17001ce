// What the pictures of the page have in common: the library that draws, and the page's own colours.

const FONT = "system-ui, 'Segoe UI', Roboto, sans-serif";

// What makes a picture in an element; the library comes with the first that is wanted.
export async function drawer() {
  const { echarts } = await import("/screen/charts/index.js");
  return (element) => echarts.init(element, null, { renderer: "svg" });
}

export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function lettering(fontSize) { return { color: color("soft"), fontFamily: FONT, fontSize }; }

// What is told of the values under the pointer.
export function tip(text, valueFormatter) {
  return {
    trigger: "axis", valueFormatter,
    backgroundColor: color("card"), borderColor: color("line"), textStyle: { ...text, color: color("ink") },
  };
}
