<?php
// Our own metadata, read by SimpleSAMLphp's own parser, with the options of the
// case on top.
$sp = \SimpleSAML\Metadata\SAMLParser::parseFile(getenv('REALIDP_DIR') . '/sp.xml')->getMetadata20SP();
$options = json_decode(file_get_contents(getenv('REALIDP_DIR') . '/options.json'), true);
$sp['saml20.sign.response'] = $options['sign_response'];
$sp['saml20.sign.assertion'] = $options['sign_assertion'];
$sp['assertion.encryption'] = $options['encryption'] !== '';
$sp['validate.authnrequest'] = $options['signed_request'];
$sp['NameIDFormat'] = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
$metadata[$sp['entityid']] = $sp;
