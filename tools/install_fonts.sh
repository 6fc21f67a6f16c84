#!/usr/bin/env bash
# Installs a broad set of Latin typefaces and word lists of five languages from the Debian archive,
# for `ocrkit synth` and training.
# The engine works without it (matplotlib's fonts come with the `train` extra); more faces read better.
# Usage: sudo tools/install_fonts.sh [--cjk] [--licences]
#   --cjk       also Chinese typefaces (300 MB); they draw Latin letters, so that without
#               `fonts:` in a config generators use them for English too
#   --licences  install nothing: print each package's licence lines
set -euo pipefail

packages=(
  # text faces, sans and serif
  fonts-adf-accanthis fonts-adf-baskervald fonts-adf-berenis fonts-adf-gillius fonts-adf-ikarius
  fonts-adf-irianis fonts-adf-libris fonts-adf-mekanus fonts-adf-oldania fonts-adf-romande
  fonts-adf-solothurn fonts-adf-switzera fonts-adf-tribun fonts-adf-universalis fonts-adf-verana
  fonts-allerta fonts-arapey fonts-averia-sans-gwf fonts-averia-serif-gwf fonts-b612 fonts-beteckna
  fonts-cabin fonts-cantarell fonts-cardo fonts-century-catalogue fonts-clear-sans
  fonts-croscore fonts-crosextra-caladea fonts-crosextra-carlito fonts-dejavu fonts-dosis
  fonts-ebgaramond fonts-fanwood fonts-freefont-ttf fonts-go fonts-goudybookletter fonts-inter
  fonts-junction fonts-jura fonts-karla fonts-lato fonts-liberation fonts-lindenhill
  fonts-linuxlibertine fonts-manrope fonts-national-park fonts-oldstandard fonts-open-sans
  fonts-opendin fonts-paratype fonts-play fonts-prociono fonts-quattrocento fonts-quicksand
  fonts-roboto-unhinted fonts-roboto-slab fonts-sora fonts-stix fonts-texgyre fonts-tiresias
  fonts-tuffy fonts-ubuntu-title fonts-urw-base35 fonts-vollkorn
  # display, script and hand
  fonts-aenigma fonts-bebas-neue fonts-blankenburg fonts-breip fonts-cabinsketch fonts-cherrybomb
  fonts-comfortaa fonts-comic-neue fonts-compagnon fonts-dancingscript fonts-dkg-handwriting
  fonts-dustin fonts-ecolier-court fonts-essays1743 fonts-fantasma fonts-femkeklaver
  fonts-humor-sans fonts-isabella fonts-joscelyn fonts-kaushanscript fonts-klaudia-berenika
  fonts-kristi fonts-le-murmure fonts-league-spartan fonts-leckerli-one fonts-levien-museum
  fonts-lobster fonts-lobstertwo fonts-okolaks fonts-opendyslexic fonts-rufscript
  fonts-solide-mirage fonts-staypuft fonts-summersby fonts-tomsontalks fonts-yanone-kaffeesatz
  # signs, plates, screens, typewriters
  fonts-3270 fonts-anonymous-pro fonts-courier-prime fonts-dseg fonts-firacode fonts-gnutypewriter
  fonts-hack fonts-inconsolata fonts-jetbrains-mono fonts-mononoki fonts-ocr-a fonts-ocr-b
  fonts-osifont fonts-roadgeek fonts-routed-gothic
)
cjk=(
  fonts-arphic-bkai00mp fonts-arphic-bsmi00lp fonts-arphic-gbsn00lp fonts-arphic-gkai00mp
  fonts-arphic-ukai fonts-arphic-uming fonts-noto-cjk fonts-wqy-microhei fonts-wqy-zenhei
)
words=(wamerican wamerican-small wbritish wfrench witalian wngerman wspanish)

licences=false
for option in "$@"; do
  case "${option}" in
    --cjk) packages+=("${cjk[@]}") ;;
    --licences) licences=true ;;
    *)
      echo "install_fonts.sh: no option ${option}; choose from: --cjk, --licences" >&2
      exit 2
      ;;
  esac
done

if "${licences}"; then
  for package in "${packages[@]}" "${words[@]}"; do
    copyright="/usr/share/doc/${package}/copyright"
    printf '%s: ' "${package}"
    if [[ -r "${copyright}" ]]; then
      { grep -iE '^License:' "${copyright}" || echo "see ${copyright}"; } | sed -E 's/^[Ll]icense: *//' | sort -u | paste -sd ';'
    else
      echo "not installed"
    fi
  done
  exit 0
fi

apt-get update -qq
# One package that an archive lacks must not stop the others.
for package in "${packages[@]}" "${words[@]}"; do
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${package}" >/dev/null ||
    echo "skipped: ${package}" >&2
done
echo "$(fc-list : file 2>/dev/null | wc -l) font files installed"
