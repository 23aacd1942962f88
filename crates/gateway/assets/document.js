// The cited passage: the fragment scrolls to it, this moves the reading position of assistive technology there too.

const cited = document.getElementById("cited");
if (cited && location.hash === "#cited") cited.focus();
addEventListener("hashchange", () => {
  if (location.hash === "#cited") cited?.focus();
});
